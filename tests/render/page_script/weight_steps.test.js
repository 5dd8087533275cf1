import assert from "node:assert/strict";
import { test } from "node:test";

import { computeSteps, stepsOfQuery } from "../../../attnviz/render/page/script/weight_steps.js";
import { close, loadedArray } from "./maps.js";

test("the steps of a row: dot products, scores, exponentials, weights", () => {
	const { keys, largest, sum } = computeSteps([1, 2], [[1, 0], [0, 1], [3, 3]], [0, 0, 1], { scale: 0.5 });
	assert.deepEqual(keys.map(({ dot }) => dot), [1, 2, 9]);
	assert.deepEqual(keys.map(({ score }) => score), [0.5, 1, 4.5]);
	assert.equal(largest, 1);
	assert.deepEqual(keys[1].exponential, 1);
	assert.ok(close(keys[0].weight, Math.exp(-0.5) / (1 + Math.exp(-0.5)), 1e-12));
	assert.ok(close(sum, 1 + Math.exp(-0.5), 1e-12));
	assert.deepEqual([keys[2].masked, keys[2].exponential, keys[2].weight], [true, 0, 0]);
});

test("a row without visible keys has weights of 0, and large scores do not overflow", () => {
	assert.deepEqual(computeSteps([1], [[1]], [1], { scale: 1 }).keys[0].weight, 0);
	assert.equal(computeSteps([100], [[100], [99]], [0, 0], { scale: 1 }).keys[0].weight, 1);
});

test("the steps from stored vectors end at the stored weights", async () => {
	const [q, k] = [[[0.5, -1], [2, 0.25]], [[1, 1], [-0.5, 0.75]]];
	const weights = q.map((query, r) => {
		const scores = k.map((key) => Math.exp((query[0] * key[0] + query[1] * key[1]) / Math.SQRT2));
		const visible = scores.slice(0, r + 1).reduce((a, b) => a + b);
		return scores.map((score, c) => (c > r ? null : score / visible));
	});
	const arrays = {
		weights: await loadedArray([[weights]]),
		query_vectors: await loadedArray([[q]], { signed: true }),
		key_vectors: await loadedArray([[k]], { signed: true }),
	};
	for (const r of [0, 1]) {
		const { keys } = stepsOfQuery(arrays, 0, 0, r, { scale: 1 / Math.SQRT2 });
		keys.forEach(({ weight, masked }, c) => {
			assert.ok(close(weight, weights[r][c] ?? 0));
			assert.equal(masked, c > r);
		});
	}
});

test("a soft cap, a bias, a sink, sigmoid and the cosine are steps of their own", () => {
	const weightsOf = (steps) => computeSteps([3, 4], [[1, 0], [0, 2]], [0, 0], { scale: 0.5, ...steps }).keys.map(({ weight }) => weight);
	const softmax = (a, b, sink = -Infinity) => [a, b].map((x) => Math.exp(x) / (Math.exp(a) + Math.exp(b) + Math.exp(sink)));
	const expected = [
		[{}, softmax(1.5, 4)],
		[{ cap: 2 }, softmax(2 * Math.tanh(0.75), 2 * Math.tanh(2))],
		[{ bias: (key) => -key }, softmax(1.5, 3)],
		[{ sink: 5 }, softmax(1.5, 4, 5)],
		[{ sigmoid: true }, [1.5, 4].map((x) => 1 / (1 + Math.exp(-x)))],
		[{ cosine: true }, softmax(0.3, 0.4)],
	];
	for (const [steps, weights] of expected) weightsOf(steps).forEach((weight, i) => assert.ok(close(weight, weights[i], 1e-12), JSON.stringify(steps)));
});
