// The strongest weights of a matrix, once per matrix: more lines than that are not legible.

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */
/** @typedef {{links: {row: number, column: number, value: number}[], n: number, all: number}} Links */

export const MAX_LINKS = 2000;
const STEPS = 4096;

/** @type {WeakMap<WeightMatrix, Links>} */
const known = new WeakMap();

/**
 * The links of largest magnitude, weakest first, and how many there are in all.
 * @param {WeightMatrix} matrix
 * @returns {Links}
 */
export function strongestLinks(matrix) {
	const last = known.get(matrix);
	if (last) return last;
	const { values, isDrawn, columns } = matrix;
	const sizes = new Float64Array(values.length);
	let all = 0;
	for (let i = 0; i < sizes.length; i++) {
		if (isDrawn[i]) sizes[i] = Math.abs(values[i]);
		if (sizes[i] > 0) all += 1;
	}
	const least = all > MAX_LINKS ? lowerBound(sizes, MAX_LINKS) : 0;
	const links = [];
	for (let i = 0; i < sizes.length; i++) {
		if (!sizes[i] || sizes[i] < least) continue;
		const row = Math.floor(i / columns.length);
		links.push({ row, column: i - row * columns.length, value: values[i] });
	}
	links.sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
	const strongest = links.slice(-MAX_LINKS);
	const found = { links: strongest, n: strongest.length, all };
	known.set(matrix, found);
	return found;
}

/**
 * A size that at least `n` of the sizes reach, and few more: by their counts in equal steps of
 * the square root, without sorting all.
 * @param {Float64Array} sizes @param {number} n
 */
function lowerBound(sizes, n) {
	const counts = new Uint32Array(STEPS + 1);
	let most = 0;
	for (let i = 0; i < sizes.length; i++) if (sizes[i] > most) most = sizes[i];
	const stepOf = (/** @type {number} */ size) => Math.floor(STEPS * Math.sqrt(size / most));
	for (let i = 0; i < sizes.length; i++) counts[stepOf(sizes[i])] += 1;
	let step = STEPS;
	for (let reached = counts[step]; reached < n && step > 0; ) reached += counts[--step];
	return most * (Math.max(0, step - 0.5) / STEPS) ** 2; // half a step below, for rounding
}
