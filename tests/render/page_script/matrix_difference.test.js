import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { subtractMatrices } from "../../../attnviz/render/page/script/matrix_difference.js";
import { cellFacts } from "../../../attnviz/render/page/script/row_facts.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { close, loadedArray, selfMap } from "./maps.js";

const HEADS = [[[1, null, null], [0.25, 0.75, null], [0.5, 0.25, 0.25]], [[1, null, null], [0.75, 0.25, null], [0.2, 0.2, 0.6]]];
const TOKENS = [{ label: "<s>", special: true }, "b", "c"];

async function pairOf(options, change = () => {}) {
	const array = await loadedArray([HEADS]);
	const heads = [0, 1].map((head) => decodeHead(array, 0, head));
	heads.forEach(change);
	return heads.map((head) => new WeightMatrix(selfMap(TOKENS), head, options));
}

test("a difference is signed, and masked where both are", async () => {
	const [a, b] = await pairOf({});
	const difference = subtractMatrices(a, b);
	assert.ok([0, 0, 0, -0.5, 0.5, 0, 0.3, 0.05, -0.35].every((value, i) => close(difference.values[i], value)));
	assert.deepEqual([...difference.masked], [0, 1, 1, 0, 0, 1, 0, 0, 0]);
	const { text, percent, rankText } = cellFacts(difference, 1, 0, 3);
	assert.deepEqual([text, percent, rankText], ["−0.500", "", "rank 1 of 2, tied with 1 other"]);
	assert.deepEqual([difference.margin, difference.signed], [null, true]);
});

for (const options of [{}, { special: false, renormalise: true }, { threshold: 0.3 }, { top: 1 }]) {
	test(`a difference is that of the shown weights under ${JSON.stringify(options)}`, async () => {
		const [a, b] = await pairOf(options);
		const difference = subtractMatrices(a, b);
		a.values.forEach((value, i) => assert.equal(difference.values[i], value - b.values[i]));
		a.isDrawn.forEach((drawn, i) => assert.equal(difference.isDrawn[i], drawn | b.isDrawn[i]));
		assert.deepEqual([difference.rowOf, difference.columns], [a.rowOf, a.columns]);
	});
}

test("equal weights that are stored with rounding differ by less than both errors", async () => {
	const [a, b] = await pairOf({}, (head, i) => {
		head.least.fill(1e-4);
		head.errors.fill(i ? 0.001 : 0.004);
	});
	assert.equal(cellFacts(subtractMatrices(a, b), 0, 0, 3).text, "< 0.005");
});

test("matrices of other shapes have no difference", async () => {
	const [[a], [b]] = [await pairOf({}), await pairOf({ special: false })];
	assert.throws(() => subtractMatrices(a, b), /3 × 3 and 2 × 2/);
});

test("a weight that only one of the matrices masks is a difference", async () => {
	const map = selfMap(["a", "b"]);
	const [causal, full] = await Promise.all(
		[[[1, null], [0.5, 0.5]], [[0.75, 0.25], [0.5, 0.5]]].map(
			async (rows) => new WeightMatrix(map, decodeHead(await loadedArray([[rows]]), 0, 0)),
		),
	);
	const difference = subtractMatrices(causal, full);
	assert.deepEqual([...difference.masked], [0, 0, 0, 0]);
	assert.ok(close(difference.cell(0, 1).value, -0.25) && close(difference.cell(0, 0).value, 0.25));
});
