// Several heads as one: their mean or maximum.

import { decodeHead, emptyHead } from "./dense_head.js";
import { Slices } from "./slices.js";

/** @typedef {import("./dense_head.js").DenseHead} DenseHead */
/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */
/** @typedef {import("./slices.js").SliceOptions} SliceOptions */

/**
 * The mean or the maximum over heads. A masked weight counts as 0; a cell is masked where all
 * heads mask it. Rows of a maximum have no fixed sum. Null if no longer current.
 * @param {QuantizedArray} array
 * @param {[number, number][]} pairs indices of layers and heads
 * @param {"mean" | "max"} how
 * @param {SliceOptions} [options]
 * @returns {Promise<DenseHead | null>}
 */
export async function reduceHeads(array, pairs, how, options = {}) {
	const dense = emptyHead(array.shape[2], array.shape[3], array.signed);
	dense.masked.fill(1);
	if (how === "max" || array.signed) dense.rowSum = "any";
	const add = how === "mean" ? addShare(1 / pairs.length) : keepLargest;
	const slices = new Slices(options);
	for (const [done, [layer, head]] of pairs.entries()) {
		await array.load(layer);
		if (!(await slices.next(done, pairs.length))) return null;
		add(dense, decodeHead(array, layer, head));
	}
	options.onProgress?.(pairs.length, pairs.length);
	if (how === "max") sumRows(dense);
	return dense;
}

/** Adds a head times its share. @param {number} share */
function addShare(share) {
	return (/** @type {DenseHead} */ total, /** @type {DenseHead} */ head) => {
		const { values, masked } = head;
		for (let i = 0; i < values.length; i++) {
			total.values[i] += share * values[i];
			total.masked[i] &= masked[i];
		}
		for (let q = 0; q < head.nQuery; q++) {
			total.sums[q] += share * head.sums[q];
			total.least[q] += share * head.least[q];
			total.errors[q] += share * head.errors[q];
		}
	};
}

/** Keeps the weight of largest magnitude. @param {DenseHead} most @param {DenseHead} head */
function keepLargest(most, head) {
	const { values, masked } = head;
	for (let i = 0; i < values.length; i++) {
		if (Math.abs(values[i]) > Math.abs(most.values[i])) most.values[i] = values[i];
		most.masked[i] &= masked[i];
	}
	for (let q = 0; q < head.nQuery; q++) {
		most.least[q] = Math.max(most.least[q], head.least[q]);
		most.errors[q] = Math.max(most.errors[q], head.errors[q]);
	}
}

/** @param {DenseHead} head */
function sumRows({ nKey, values, sums }) {
	sums.fill(0);
	for (let i = 0; i < values.length; i++) sums[Math.floor(i / nKey)] += values[i];
}
