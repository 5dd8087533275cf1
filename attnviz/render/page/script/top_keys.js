// Which cells are drawn: those that reach the threshold and are among the top keys of their query.

/**
 * @typedef {object} Cells
 * @property {Float64Array} values [row · column]
 * @property {Uint8Array} masked [row · column]
 * @property {{length: number}} rows
 * @property {{length: number}} columns
 */

/**
 * Whether each cell is drawn: not masked, of at least `threshold` and of the `top` largest
 * magnitudes of its row, ties included; `top` 0: all.
 * @param {Cells} cells @param {number} threshold @param {number} top
 * @returns {Uint8Array} [row · column]
 */
export function keepTopKeys({ values, masked, rows, columns }, threshold, top) {
	const isDrawn = new Uint8Array(masked.length);
	for (let i = 0; i < masked.length; i++) isDrawn[i] = 1 - masked[i];
	const n = columns.length;
	if (!threshold && !top) return isDrawn;
	for (let r = 0; r < rows.length; r++) {
		const row = values.subarray(r * n, r * n + n);
		const least = Math.max(threshold, top && top < n ? nthLargest(row, top) : 0);
		for (let c = 0; c < n; c++) {
			if (Math.abs(row[c]) < least) isDrawn[r * n + c] = 0;
		}
	}
	return isDrawn;
}

/**
 * The n-th largest magnitude.
 * @param {Float64Array} values @param {number} n at least 1, at most their number
 */
export function nthLargest(values, n) {
	const largest = new Float64Array(n).fill(-1); // in descending order
	for (const value of values) {
		const size = Math.abs(value);
		if (size <= largest[n - 1]) continue;
		let at = n - 1;
		for (; at > 0 && largest[at - 1] < size; at--) largest[at] = largest[at - 1];
		largest[at] = size;
	}
	return largest[n - 1];
}
