// The difference of two matrices of the same rows and columns, as they are shown.

import { WeightMatrix } from "./weight_matrix.js";

/**
 * The matrix a − b under the same options: a cell is masked where both are, and drawn where one
 * is. Equal stored weights differ by less than their rounding errors.
 * @param {WeightMatrix} a @param {WeightMatrix} b
 * @returns {WeightMatrix}
 */
export function subtractMatrices(a, b) {
	if (a.rows.length !== b.rows.length || a.columns.length !== b.columns.length) {
		const [one, other] = [a, b].map(({ rows, columns }) => `${rows.length} × ${columns.length}`);
		throw new RangeError(`No difference of matrices of ${one} and ${other} weights.`);
	}
	const errors = a.errors.map((error, r) => error + b.errors[r]);
	const difference = {
		values: a.values.map((value, i) => value - b.values[i]),
		masked: a.masked.map((masked, i) => masked & b.masked[i]),
		isDrawn: a.isDrawn.map((drawn, i) => drawn | b.isDrawn[i]),
		totals: a.totals.map((total, r) => total - b.totals[r]),
		errors,
		least: errors.map((error, r) => (a.least[r] || b.least[r] ? error : 0)),
		...{ signed: true, isShare: false, margin: null, notes: [] },
	};
	return Object.assign(Object.create(WeightMatrix.prototype), a, difference);
}
