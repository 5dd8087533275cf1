import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { cellFacts, describeRow, rankedKeys } from "../../../attnviz/render/page/script/row_facts.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { loadedArray, selfMap } from "./maps.js";

const TOKENS = ["a", "b", "c", "d"];

async function matrixOf(rows, more, stored, least = 0) {
	const head = decodeHead(await loadedArray([[rows]], stored), 0, 0);
	head.least.fill(least);
	return new WeightMatrix(selfMap(TOKENS.slice(0, rows.length), more), head);
}

test("a weight has its value, percentage, rank and ties", async () => {
	const matrix = await matrixOf([[0.25, 0.25, 0.5, null], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]);
	const { text, percent, rankText, sumText } = cellFacts(matrix, 0, 2, 3);
	assert.deepEqual([text, percent, rankText, sumText], ["0.500", "50.0 %", "rank 1 of 3", ""]);
	assert.equal(cellFacts(matrix, 0, 0, 3).rankText, "rank 2 of 3, tied with 1 other");
	assert.equal(cellFacts(matrix, 1, 2, 3).rankText, "rank 2 of 4, tied with 2 others");
});

test("a masked weight has no rank and no percentage, but its row has visible keys", async () => {
	const facts = cellFacts(await matrixOf([[0.5, 0.5, null], [1, 0, 0], [1, 0, 0]]), 0, 2, 3);
	assert.deepEqual([facts.text, facts.percent, facts.rankText], ["masked", "", "masked"]);
	assert.deepEqual([facts.rank, facts.of], [0, 2]);
});

test("a weight below the stored precision is shown as below it", async () => {
	const facts = cellFacts(await matrixOf([[1, 0], [1, 0]], {}, {}, 0.0004), 0, 1, 3);
	assert.deepEqual([facts.text, facts.percent], ["< 4.0e−4", "< 0.1 %"]);
	const coarse = cellFacts(await matrixOf([[1, 0], [1, 0]], {}, {}, 0.004), 0, 1, 3);
	assert.deepEqual([coarse.text, coarse.percent], ["< 0.004", "< 0.4 %"]);
});

test("the row sum is stated where rows do not sum to 1", async () => {
	const facts = cellFacts(await matrixOf([[0.5, 0.25], [0, 0.5]], { row_sum: "at most 1" }), 0, 0, 3);
	assert.equal(facts.sumText, "on no key ∅ 0.250");
});

test("weights of rows without a fixed sum are no percentages", async () => {
	const facts = cellFacts(await matrixOf([[0.5, 2], [3, 1]], { row_sum: "any" }), 0, 1, 3);
	assert.deepEqual([facts.text, facts.percent, facts.sumText], ["2.000", "", "row sum Σ 2.500"]);
});

test("signed weights are ranked by magnitude, and are no percentages", async () => {
	const matrix = await matrixOf([[-0.5, 0.25], [0.5, 0.25]], { signed: true }, { signed: true });
	const facts = cellFacts(matrix, 0, 0, 3);
	assert.deepEqual([facts.text, facts.percent, facts.rankText], ["−0.500", "", "rank 1 of 2"]);
});

test("keys are listed by weight, ties in the order of the text", async () => {
	const matrix = await matrixOf([[0.25, 0.25, 0.5], [null, 0.5, 0.5], [0.5, 0.1, 0.4]]);
	assert.deepEqual(rankedKeys(matrix, 0), [2, 0, 1]);
	assert.deepEqual(rankedKeys(matrix, 1), [1, 2]);
	assert.equal(describeRow(matrix, 0, 2, 2), "a attends to c 0.50, a 0.25");
});

test("a row without visible keys attends to no key", async () => {
	assert.equal(describeRow(await matrixOf([[null, null], [0.5, 0.5]]), 0, 2), "a attends to no key");
});
