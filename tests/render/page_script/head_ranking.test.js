import assert from "node:assert/strict";
import { test } from "node:test";

import { findTerms } from "../../../attnviz/render/page/script/caption_terms.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { parseFilter } from "../../../attnviz/render/page/script/head_filter.js";
import { rankByMeasure, rankByPair } from "../../../attnviz/render/page/script/head_ranking.js";
import { QuantizedArray } from "../../../attnviz/render/page/script/quantized_array.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { close, loadedArray, quantizedRecord, randomNumbers, randomRows, selfMap } from "./maps.js";

/** Random causal heads of some tokens, of layers and heads. */
function randomWeights(nLayer, nHead, n) {
	const random = randomNumbers();
	const heads = () => Array.from({ length: nHead }, () => randomRows(n, { random }));
	return Array.from({ length: nLayer }, heads);
}

const TOKENS = [{ label: "<s>", special: true }, "b", "c", "d", "e"];
const MAP = { ...selfMap(TOKENS), layers: [3, 7], heads: [1, 4, 6] };
MAP.words = { queries: [0, 1, 2, 2, 3], keys: [0, 1, 2, 2, 3] };
const WEIGHTS = randomWeights(2, 3, 5);

const OPTIONS = [
	{},
	{ special: false },
	{ sinks: false, renormalise: true },
	{ words: true },
	{ words: true, special: false, renormalise: true },
];
for (const options of OPTIONS) {
	test(`the weight of a pair is the shown one under ${JSON.stringify(options)}`, async () => {
		const array = await loadedArray(WEIGHTS);
		const entries = await rankByPair(MAP, array, [3], [2], options);
		assert.equal(entries.length, 6);
		for (const { layer, head, value } of entries) {
			const matrix = new WeightMatrix(MAP, decodeHead(array, layer, head), options);
			const shown = matrix.cell(matrix.rowOf[3], matrix.columnOf[2]).value;
			assert.ok(close(value, shown, 1e-12), `${layer}.${head}: ${value} and ${shown}`);
		}
		const values = entries.map(({ value }) => value);
		assert.deepEqual(values, values.toSorted((a, b) => b - a));
	});
}

test("heads are named by the numbers of the model, and layers are loaded when needed", async () => {
	const entries = await rankByPair(MAP, new QuantizedArray(quantizedRecord(WEIGHTS)), [4], [1]);
	assert.deepEqual(entries.map(({ name }) => name).toSorted(), ["3.1", "3.4", "3.6", "7.1", "7.4", "7.6"]);
});

test("the weight on a set of keys is their sum, of several queries the mean", async () => {
	const array = await loadedArray([[[[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0, 0, 1]]]]);
	const map = selfMap(["a", "b", "c"]);
	assert.ok(close((await rankByPair(map, array, [0], [1, 2]))[0].value, 0.5));
	assert.ok(close((await rankByPair(map, array, [0, 1], [2]))[0].value, 0.4));
});

test("an omitted token has no ranking", async () => {
	assert.equal(await rankByPair(MAP, await loadedArray(WEIGHTS), [3], [0], { special: false }), null);
});

test("masked pairs are last, and marked", async () => {
	const array = await loadedArray([[[[null, 1], [0, 1]], [[0, 1], [0, 1]]]]);
	const entries = await rankByPair({ ...selfMap(["a", "b"]), heads: [0, 1] }, array, [0], [0]);
	assert.deepEqual(entries.map(({ name, masked }) => [name, masked]), [["0.1", false], ["0.0", true]]);
});

test("heads are ranked by a measure; those without a value are last", () => {
	const map = { layers: [3], heads: [1, 4, 6] };
	const names = (options) => rankByMeasure(map, [[1, null, 2]], options).map(({ name }) => name);
	assert.deepEqual(names({}), ["3.6", "3.1", "3.4"]);
	assert.deepEqual(names({ lowestFirst: true }), ["3.1", "3.6", "3.4"]);
});

const ENTRIES = [
	{ name: "3.1", value: 0.653, masked: false, pattern: "previous token" },
	{ name: "3.10", value: 0.1, masked: false, pattern: "induction" },
	{ name: "10.3", value: 0, masked: true },
];
const FILTERS = [
	["", "3.1 3.10 10.3"],
	["> 0.2", "3.1"],
	[">0.2", "3.1"],
	["≥ 65.3 %", "3.1"],
	["<= 0.1", "3.10"],
	["<.2", "3.10"],
	["previous", "3.1"],
	["INDUCTION < 0.2", "3.10"],
	["> 0.05 < 0.2", "3.10"],
	["> 0.2 induction", ""],
	["3.1", "3.1"],
	["3", "3.1 3.10"],
	["layer 3", "3.1 3.10"],
	["nothing of this", ""],
];
for (const [text, names] of FILTERS) {
	test(`the filter "${text}" keeps ${names || "no head"}`, () => {
		const { matches, error } = parseFilter(text);
		assert.equal(error, "");
		assert.equal(ENTRIES.filter(matches).map(({ name }) => name).join(" "), names);
	});
}

test("a comparison without a number is stated, and filters nothing", () => {
	const { matches, error } = parseFilter("> x");
	assert.match(error, /"> x" is no comparison/);
	assert.equal(ENTRIES.filter(matches).length, 3);
});

test("signed measures are ranked by their magnitude", () => {
	const map = { layers: [0, 1], heads: [0, 1] };
	const names = rankByMeasure(map, [[0.1, -0.4], [null, 0.2]], { signed: true }).map(({ name }) => name);
	assert.deepEqual(names, ["0.1", "1.1", "0.0", "1.0"]);
});

test("the terms of a caption are its pattern and the entropy, not tokens of the same name", () => {
	const caption = "self 0.80 · max weight self → entropy 0.90 · mean entropy 0.41 of 2.40 bits";
	const found = findTerms(caption, "self").map(({ word, from }) => caption.slice(from - 5 < 0 ? 0 : from - 5, from + word.length));
	assert.deepEqual(found, ["self", "mean entropy"]);
	assert.deepEqual(findTerms("no attention", ""), []);
});
