import assert from "node:assert/strict";
import { test } from "node:test";

import { reduceHeads } from "../../../attnviz/render/page/script/reduced_heads.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { close, loadedArray, quantizedRecord, selfMap } from "./maps.js";
import { QuantizedArray } from "../../../attnviz/render/page/script/quantized_array.js";

const WEIGHTS = [
	[[[1, null], [0.25, 0.75]], [[1, null], [0.5, 0.5]]],
	[[[1, null], [0.75, 0.25]], [[1, null], [0.1, 0.9]]],
];
const ALL = [[0, 0], [0, 1], [1, 0], [1, 1]];
const isClose = (values, wanted) => values.every((value, i) => close(value, wanted[i]));

test("the mean over heads loads the layers, and keeps masked cells and row sums", async () => {
	const array = new QuantizedArray(quantizedRecord(WEIGHTS));
	const mean = await reduceHeads(array, ALL, "mean");
	assert.ok(isClose(mean.values, [1, 0, 0.4, 0.6]));
	assert.deepEqual([...mean.masked], [0, 1, 0, 0]);
	assert.ok(isClose(mean.sums, [1, 1]));
	assert.equal(new WeightMatrix(selfMap(["a", "b"]), mean).margin, null);
});

test("the maximum over the heads of a layer has row sums of its own", async () => {
	const max = await reduceHeads(await loadedArray(WEIGHTS), [[0, 0], [0, 1]], "max");
	assert.ok(isClose(max.values, [1, 0, 0.5, 0.75]));
	const { margin } = new WeightMatrix(selfMap(["a", "b"]), max);
	assert.equal(margin.mark, "Σ");
	assert.ok(isClose(margin.values, [1, 1.25]));
});

test("the maximum of signed weights is the one of largest magnitude, with its sign", async () => {
	const array = await loadedArray([[[[-0.5, 0.1]], [[0.25, 0.2]]]], { signed: true });
	assert.ok(isClose((await reduceHeads(array, [[0, 0], [0, 1]], "max")).values, [-0.5, 0.2]));
});

test("a reduction stops once it is no longer current", async () => {
	const array = await loadedArray(WEIGHTS);
	assert.equal(await reduceHeads(array, ALL, "mean", { isCurrent: () => false }), null);
});

test("a reduction reports its progress", async () => {
	const steps = [];
	const onProgress = (done, all) => steps.push([done, all]);
	await reduceHeads(await loadedArray(WEIGHTS), ALL, "mean", { slice: 0, onProgress });
	assert.deepEqual(steps, [[0, 4], [1, 4], [2, 4], [3, 4], [4, 4]]);
});
