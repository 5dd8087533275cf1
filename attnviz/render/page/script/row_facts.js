// What is known of one weight in its row: value, percentage, rank, ties, row sum.

import { formatExact, formatPercent, pluralize } from "./number_text.js";

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

/**
 * @typedef {object} CellFacts
 * @property {number} value
 * @property {boolean} masked
 * @property {boolean} isDrawn
 * @property {string} text the value, "< …" below the stored precision, or "masked"
 * @property {string} percent the share of the query's attention; "" of weights that are none
 * @property {number} rank 1 for the largest magnitude; 0 of a masked weight
 * @property {number} of the number of visible keys
 * @property {number} tied other weights of the same rank
 * @property {string} rankText
 * @property {string} sumText "" if the row sums to 1
 */

/**
 * The text of a weight.
 * @param {WeightMatrix} matrix @param {number} r @param {number} c @param {number} precision
 */
export function cellText(matrix, r, c, precision) {
	const { value, masked } = matrix.cell(r, c);
	if (masked) return "masked";
	return weightText(value, matrix.least[r], precision);
}

/**
 * A weight as text; `least`: smaller magnitudes are stored as 0.
 * @param {number} value @param {number} least @param {number} precision
 */
export const weightText = (value, least, precision) =>
	value === 0 && least ? `< ${formatExact(least, precision)}` : formatExact(value, precision);

/**
 * @param {WeightMatrix} matrix @param {number} r @param {number} c @param {number} precision
 * @returns {CellFacts}
 */
export function cellFacts(matrix, r, c, precision) {
	const cell = matrix.cell(r, c);
	const { rank, of, tied } = rankOf(matrix, r, c);
	const { margin, isShare } = matrix;
	const bound = cell.value === 0 ? matrix.least[r] : 0;
	const share = bound ? `< ${formatPercent(bound).replace("< ", "")}` : formatPercent(cell.value);
	const sum = margin ? formatExact(margin.values[r], precision) : "";
	return {
		...cell,
		...{ rank, of, tied },
		text: cellText(matrix, r, c, precision),
		percent: cell.masked || !isShare ? "" : share,
		rankText: cell.masked ? "masked" : `rank ${rank} of ${of}${tiesText(tied)}`,
		sumText: margin ? `${margin.meaning} ${margin.mark} ${sum}` : "",
	};
}

const tiesText = (/** @type {number} */ n) =>
	n ? `, tied with ${pluralize(n, "other")}` : "";

/**
 * The rank of a weight by magnitude among the visible keys of its row; equal weights tie.
 * @param {WeightMatrix} matrix @param {number} r @param {number} c
 */
export function rankOf(matrix, r, c) {
	const n = matrix.columns.length;
	const row = matrix.row(r);
	if (matrix.cell(r, c).masked) return { rank: 0, of: countVisible(matrix, r), tied: 0 };
	const size = Math.abs(row[c]);
	let [larger, equal, of] = [0, 0, 0];
	for (let other = 0; other < n; other++) {
		if (matrix.masked[r * n + other]) continue;
		of += 1;
		const difference = Math.abs(row[other]) - size;
		if (difference > 0) larger += 1;
		else if (difference === 0) equal += 1;
	}
	return { rank: larger + 1, of, tied: equal - 1 };
}

/** @param {WeightMatrix} matrix @param {number} r */
function countVisible(matrix, r) {
	const n = matrix.columns.length;
	return matrix.masked.subarray(r * n, r * n + n).reduce((sum, masked) => sum + 1 - masked, 0);
}

/**
 * The columns of visible keys, largest weight first; ties in the order of the text.
 * @param {WeightMatrix} matrix @param {number} r
 */
export function rankedKeys(matrix, r) {
	const n = matrix.columns.length;
	const sizes = matrix.row(r).map(Math.abs);
	const visible = [...sizes.keys()].filter((c) => !matrix.masked[r * n + c]);
	return visible.sort((a, b) => sizes[b] - sizes[a] || a - b);
}

/**
 * The top keys of a row in one line, as for screen readers.
 * @param {WeightMatrix} matrix @param {number} r @param {number} precision @param {number} [n]
 */
export function describeRow(matrix, r, precision, n = 3) {
	const key = (/** @type {number} */ c) =>
		`${matrix.columns[c].label} ${cellText(matrix, r, c, precision)}`;
	const keys = rankedKeys(matrix, r).slice(0, n).map(key).join(", ");
	return `${matrix.rows[r].label} attends to ${keys || "no key"}`;
}
