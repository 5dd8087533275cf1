import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { nthLargest } from "../../../attnviz/render/page/script/top_keys.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { close, loadedArray, selfMap } from "./maps.js";

const SPECIAL = { label: "<s>", special: true };
const ROWS = [[1, null, null], [0.5, 0.5, null], [0.7, 0.1, 0.2]];

async function matrixOf(rows, map, options, stored) {
	return new WeightMatrix(map, decodeHead(await loadedArray([[rows]], stored), 0, 0), options);
}

test("without options a matrix is the head", async () => {
	const matrix = await matrixOf(ROWS, selfMap(["a", "b", "c"]));
	assert.deepEqual([...matrix.masked], [0, 1, 1, 0, 0, 1, 0, 0, 0]);
	assert.deepEqual([matrix.margin, matrix.notes], [null, []]);
	assert.ok(close(matrix.cell(2, 2).value, 0.2));
	assert.deepEqual(matrix.cell(0, 1), { value: 0, isDrawn: false, masked: true });
});

test("special tokens are omitted as queries and keys, and the row sum is shown", async () => {
	const matrix = await matrixOf(ROWS, selfMap([SPECIAL, "b", "c"]), { special: false });
	assert.deepEqual([matrix.rowOf, matrix.columnOf], [[-1, 0, 1], [-1, 0, 1]]);
	assert.equal(matrix.margin.mark, "Σ");
	assert.ok(close(matrix.margin.values[0], 0.5) && close(matrix.margin.values[1], 0.3));
	assert.match(matrix.notes.join(" "), /Omitted: 1 query and 1 key.*not renormalized/);
});

test("without sinks, the first token of a text is no key, but still a query", async () => {
	const matrix = await matrixOf(ROWS, selfMap(["a", "b", "c"]), { sinks: false });
	assert.deepEqual([matrix.rows.length, matrix.columnOf], [3, [-1, 0, 1]]);
	assert.match(matrix.notes[0], /0 queries and 1 key \(special tokens and attention sinks\)/);
});

test("in a map between two texts, the first key is no sink", async () => {
	const map = { ...selfMap(["a", "b", "c"]), queries: ["x", "y", "z"].map((label) => ({ label })) };
	assert.equal((await matrixOf(ROWS, map, { sinks: false })).columns.length, 3);
});

test("rows are renormalized over the keys shown, and have no row sum", async () => {
	const matrix = await matrixOf(ROWS, selfMap(["a", "b", "c"]), { sinks: false, renormalise: true });
	assert.ok(close(matrix.cell(2, 0).value, 1 / 3) && close(matrix.cell(2, 1).value, 2 / 3));
	assert.equal(matrix.margin, null);
});

test("a row whose weights are below the stored precision is not renormalized", async () => {
	const map = selfMap(["a", "b", "c"]);
	const head = decodeHead(await loadedArray([[[[1, 0, 0], [1, 0, 0], [0.5, 0.25, 0.25]]]]), 0, 0);
	head.least.fill(0.01);
	const matrix = new WeightMatrix(map, head, { sinks: false, renormalise: true });
	assert.match(matrix.notes.join(" "), /Not renormalized: 2 rows/);
	assert.deepEqual([...matrix.row(2)].map((value) => value.toFixed(2)), ["0.50", "0.50"]);
});

test("signed weights are not renormalized, and this is stated", async () => {
	const map = selfMap(["a", "b", "c"], { signed: true, row_sum: "any" });
	const matrix = await matrixOf(ROWS, map, { sinks: false, renormalise: true }, { signed: true });
	assert.match(matrix.notes.join(" "), /Signed weights are not renormalized/);
});

test("the weight on no key of signed rows is 1 − Σ|w|", async () => {
	const map = selfMap(["a", "b"], { signed: true, row_sum: "at most 1" });
	const spent = await matrixOf([[-0.5, 0.5], [0.25, -0.75]], map, {}, { signed: true });
	assert.equal(spent.margin, null);
	const rest = await matrixOf([[-0.5, 0.25], [0.25, -0.75]], map, {}, { signed: true });
	assert.equal(rest.margin.mark, "∅");
	assert.deepEqual([...rest.margin.values].map((value) => value.toFixed(2)), ["0.25", "0.00"]);
});

test("the pieces of a word are summed over keys and averaged over queries", async () => {
	const map = selfMap(["a", "b", "c"]);
	map.words = { queries: [0, 1, 1], keys: [0, 1, 1] };
	const matrix = await matrixOf(ROWS, map, { words: true });
	assert.deepEqual(matrix.rows.map(({ label }) => label), ["a", "bc"]);
	assert.ok(close(matrix.cell(1, 0).value, 0.6) && close(matrix.cell(1, 1).value, 0.4));
});

test("only cells of the threshold and of the top keys are drawn, ties included", async () => {
	const map = selfMap(["a", "b", "c"]);
	const drawn = async (options) => [...(await matrixOf(ROWS, map, options)).isDrawn].join("");
	assert.equal(await drawn({ threshold: 0.15 }), "100110101");
	assert.equal(await drawn({ top: 1 }), "100110100");
	assert.equal(await drawn({ top: 2 }), "100110101");
});

test("the n-th largest magnitude counts ties", () => {
	const values = Float64Array.of(0.1, -0.5, 0.5, 0.2);
	assert.deepEqual([1, 2, 3, 4].map((n) => nthLargest(values, n)), [0.5, 0.5, 0.2, 0.1]);
});

test("a filter keeps the tokens of its segment, on either side", async () => {
	const tokens = [0, 1, 1].map((segment, i) => ({ label: "abc"[i], segment }));
	const matrix = await matrixOf(ROWS, selfMap(tokens), { qs: "1", ks: "0" });
	assert.deepEqual([matrix.rowOf, matrix.columnOf], [[-1, 0, 1], [0, -1, -1]]);
	assert.ok(close(matrix.cell(1, 0).value, 0.7));
});

test("the threshold is one of magnitudes", async () => {
	const rows = [[-0.6, 0.1, 0.3], [0, 0, -0.2], [0.5, 0, 0]];
	const matrix = await matrixOf(rows, selfMap(["a", "b", "c"]), { threshold: 0.15 }, { signed: true });
	assert.deepEqual([...matrix.isDrawn], [1, 0, 1, 0, 0, 1, 1, 0, 0]);
});

test("merged pieces are masked where all of them are", async () => {
	const map = { ...selfMap(["a", "b", "c"]), words: { queries: [0, 1, 2], keys: [0, 1, 1] } };
	const matrix = await matrixOf(ROWS, map, { words: true });
	assert.deepEqual([...matrix.masked], [0, 1, 0, 0, 0, 0]);
});

test("signed rows keep their weights where keys are omitted", async () => {
	const rows = [[0.5, -0.25, 0.5], [0, 1, 0], [0, 0.5, 0.5]];
	const options = { special: false, renormalise: true };
	const matrix = await matrixOf(rows, selfMap([SPECIAL, "b", "c"], { signed: true }), options, { signed: true });
	assert.ok(close(matrix.cell(0, 0).value, 1) && close(matrix.cell(1, 0).value, 0.5));
	assert.equal(matrix.renormalized, false);
});
