// The strongest weights of a matrix, once per matrix: more lines than that are not legible.

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */
/** @typedef {{links: {row: number, column: number, value: number}[], n: number, all: number}} Links */

export const MAX_LINKS = 2000;

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
	const sizes = values.map((value, i) => (isDrawn[i] ? Math.abs(value) : 0));
	const sorted = sizes.filter((size) => size > 0).sort();
	const least = sorted[Math.max(0, sorted.length - MAX_LINKS)] ?? 0;
	const links = [];
	for (let i = 0; i < sizes.length; i++) {
		if (!sizes[i] || sizes[i] < least) continue;
		const row = Math.floor(i / columns.length);
		links.push({ row, column: i - row * columns.length, value: values[i] });
	}
	links.sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
	const strongest = links.slice(-MAX_LINKS);
	const found = { links: strongest, n: strongest.length, all: sorted.length };
	known.set(matrix, found);
	return found;
}
