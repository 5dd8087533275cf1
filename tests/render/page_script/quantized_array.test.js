import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { DataError, QuantizedArray } from "../../../attnviz/render/page/script/quantized_array.js";
import { close, loadedArray, quantizedRecord } from "./maps.js";

const WEIGHTS = [[[[1, null], [0.25, 0.75]], [[0.5, 0.5], [0, 1]]]];

for (const planes of [false, true]) {
	test(`every weight is read back, byte planes: ${planes}`, async () => {
		const array = await loadedArray(WEIGHTS, { planes });
		const head = decodeHead(array, 0, 0);
		assert.deepEqual([...head.masked], [0, 1, 0, 0]);
		assert.ok(close(head.values[2], 0.25) && close(head.values[3], 0.75));
		assert.deepEqual([...head.sums], [1, 1]);
		assert.deepEqual([...array.values(0, 1, 1)], [0, 1]);
	});

	test(`negative weights are read back, byte planes: ${planes}`, async () => {
		const array = await loadedArray([[[[-0.5, 0.25, null]]]], { signed: true, planes });
		const head = decodeHead(array, 0, 0);
		assert.ok(close(head.values[0], -0.5) && close(head.values[1], 0.25));
		assert.deepEqual([...head.masked], [0, 0, 1]);
		assert.equal(head.signed, true);
	});
}

test("each row of each head of each layer is found, whatever the numbers of heads and rows", async () => {
	const weight = (l, h, q, k) => (1 + ((7 * l + 5 * h + 3 * q + k) % 11)) / 16;
	const indices = (n) => Array.from({ length: n }, (_, i) => i);
	const weights = indices(2).map((l) => indices(3).map((h) => indices(5).map((q) => indices(4).map((k) => weight(l, h, q, k)))));
	const array = await loadedArray(weights);
	for (const [l, h, q] of [[0, 0, 4], [0, 2, 0], [1, 1, 3], [1, 2, 4]]) {
		const expected = weights[l][h][q];
		assert.ok(array.values(l, h, q).every((value, k) => close(value, expected[k])), `${l} ${h} ${q}`);
	}
});

test("codes uniform in the square root keep weights far below the peak", () => {
	const record = { ...quantizedRecord([[[[1]]]]), codes: "uint8", curve: "square", top: 254 };
	const array = new QuantizedArray({ ...record, rounds_to_zero: true });
	array.blocks[0] = { peaks: Float64Array.of(1), sums: Float64Array.of(1), codes: Uint8Array.of(2) };
	assert.ok(close(array.values(0, 0, 0)[0], 1 / 254 ** 2, 1e-12));
	assert.ok(close(array.leastOf(1), 0.25 / 254 ** 2, 1e-12));
	assert.ok(close(array.errorOf(1), 1 / 254, 1e-12));
});

test("only some rows of a head are decoded, in the order of the queries", async () => {
	const head = decodeHead(await loadedArray(WEIGHTS), 0, 1, [1, 0]);
	assert.deepEqual([...head.values.map((value) => Math.round(2 * value))], [0, 2, 1, 1]);
});

test("damaged data are refused with a sentence, and other layers can still be read", async () => {
	const record = quantizedRecord([WEIGHTS[0], WEIGHTS[0], WEIGHTS[0]]);
	record.layers[1] = record.layers[1].slice(0, 20);
	record.layers[2] = quantizedRecord([[[[1]]]]).layers[0];
	const array = new QuantizedArray(record);
	await array.load(0);
	await assert.rejects(array.load(1), (error) => error instanceof DataError && /layer 1/.test(error.message));
	await assert.rejects(array.load(2), /wrong size/);
	assert.deepEqual([0, 1, 2].map((layer) => array.isLoaded(layer)), [true, false, false]);
});
