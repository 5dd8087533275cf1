import assert from "node:assert/strict";
import { test } from "node:test";

import { copiedCell, copiedRow, fileName } from "../../../attnviz/render/page/script/copied_text.js";
import { csvCell } from "../../../attnviz/render/page/script/csv_cells.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { headCsv } from "../../../attnviz/render/page/script/head_csv.js";
import { mapJson } from "../../../attnviz/render/page/script/map_json.js";
import { viewSvg } from "../../../attnviz/render/page/script/view_files.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { close, loadedArray, selfMap } from "./maps.js";

const ROWS = [[1, null, null], [0.5, 0.5, null], [0.7, 0.1, 0.2]];
const MAP = selfMap([{ label: "<s>", special: true }, "the", "the"]);

async function matrixOf(options) {
	return new WeightMatrix(MAP, decodeHead(await loadedArray([[ROWS]]), 0, 0), options);
}

test("a head as CSV has the shown weights; masked ones are 0", async () => {
	const lines = headCsv(MAP, await matrixOf(), 3, 7).split("\n");
	assert.equal(lines[0], "layer,head,query,key,query_token,key_token,weight");
	assert.deepEqual([lines[1], lines[2]], ["3,7,0,0,<s>,<s>,1", "3,7,0,1,<s>,the,0"]);
	assert.deepEqual([lines.length, lines.at(-1)], [11, ""]);
});

test("omitted tokens are not in the CSV, and renormalized weights are", async () => {
	const text = headCsv(MAP, await matrixOf({ special: false, renormalise: true }), 0, "mean");
	const lines = text.trim().split("\n").slice(1).map((line) => line.split(","));
	assert.deepEqual(lines.map(([, head, query, key]) => [head, query, key].join()), ["mean,1,1", "mean,1,2", "mean,2,1", "mean,2,2"]);
	assert.ok(close(Number(lines[2][6]), 1 / 3));
});

test("cells that a spreadsheet would run or that break a line are JSON strings", () => {
	const cells = { cat: "cat", "=1+1": '"""=1+1"""', "a,b": '"a,b"', "a\nb": '"""a\\nb"""', "é": "é", "-é": '"""-\\u00e9"""', "": "" };
	for (const [text, cell] of Object.entries(cells)) assert.equal(csvCell(text), cell);
	assert.equal(csvCell("\ud800"), '"""\\ud800"""');
});

test("a map as JSON has all heads, masked cells and metadata, in ASCII", async () => {
	const array = await loadedArray([[ROWS, ROWS], [ROWS, ROWS]]);
	const record = { ...MAP, format: "attnviz", layers: [3, 4], heads: [0, 1], meta: { model: "<b>é" }, other: 1 };
	const steps = [];
	const parts = await mapJson(record, { weights: array }, { slice: 0, onProgress: (...step) => steps.push(step) });
	const text = parts.join("");
	const document = JSON.parse(text);
	assert.match(text, /^[\x20-\x7e]*\n$/);
	assert.deepEqual([document.meta, document.layers, document.other], [{ model: "<b>é" }, [3, 4], undefined]);
	assert.deepEqual(document.hidden[1][1], [[0, 1, 1], [0, 0, 1], [0, 0, 0]]);
	assert.ok(close(document.weights[1][0][2][2], 0.2));
	assert.ok(steps.length > 3);
	assert.equal(await mapJson(record, { weights: array }, { isCurrent: () => false }), null);
});

test("a map without masked cells states so, and vectors are exported with it", async () => {
	const weights = await loadedArray([[[[1, 0], [0.5, 0.5]]]]);
	const query_vectors = await loadedArray([[[[-1, 0.5], [0.25, 1]]]], { signed: true });
	const document = JSON.parse((await mapJson(MAP, { weights, query_vectors, key_vectors: query_vectors })).join(""));
	assert.equal(document.hidden, null);
	assert.ok(close(document.key_vectors[0][0][0][0], -1));
});

test("a copied weight and a copied row have what the page shows", async () => {
	const matrix = await matrixOf();
	assert.equal(copiedCell("3.1", matrix, 2, 1, 3), "3.1: the (2) → the (1): 0.100 (10.0 %, rank 3 of 3)");
	assert.equal(copiedCell("3.1", matrix, 0, 1, 3), "3.1: <s> → the (1): masked");
	assert.equal(copiedRow("3.1", matrix, 1, 2), "3.1: the (1)\nposition\tkey\tweight\n0\t<s>\t0.50\n1\tthe\t0.50");
});

test("names of files have letters, digits, dots and hyphens", () => {
	assert.equal(fileName(["The cat / sat: ?", "3.1"], "csv"), "The-cat-sat-3.1.csv");
	assert.equal(fileName(["../..", ""], "png"), "attention.png");
	assert.equal(fileName(["x".repeat(99)], "svg").length, 44);
});

test("a view as SVG has the ground of the page below it", () => {
	const text = viewSvg({ width: 40, height: 30, ground: "#fdfdfb" }, "urn:svg", (ctx) => ctx.fillRect(1, 2, 3, 4));
	assert.match(text, /^<svg xmlns="urn:svg" width="40" height="30" viewBox="0 0 40 30">\n<rect x="0" y="0" width="40" height="30" fill="#fdfdfb"\/>/);
});
