// Rows of a head over groups of tokens: summed over keys, averaged over queries.

/** @typedef {import("./dense_head.js").DenseHead} DenseHead */
/** @typedef {{values: Float64Array, rows: {length: number}, columns: {length: number}}} Matrix */

const MAX_ROUNDING = 0.05; // of the sum of a row that is renormalized

/**
 * @typedef {object} GatheredRows
 * @property {Float64Array} values [row · column]
 * @property {Uint8Array} masked [row · column]: all its weights are masked
 * @property {Float64Array} totals [row]: the sum over all keys, omitted ones too
 * @property {Float64Array} spent [row]: the same of magnitudes
 * @property {Float64Array} least [row]: smaller magnitudes are stored as 0
 * @property {Float64Array} errors [row]: the largest rounding error of a stored value
 */

/**
 * @param {DenseHead} head
 * @param {number[][]} members the rows of the head that each row averages
 * @param {number[]} columnOf the column of each key, −1 if omitted
 * @param {number} nColumn
 * @returns {GatheredRows}
 */
export function gatherRows(head, members, columnOf, nColumn) {
	const isWhole = isIdentity(members, columnOf, head);
	const size = isWhole ? 0 : members.length * nColumn;
	const gathered = {
		values: new Float64Array(size),
		masked: new Uint8Array(size).fill(1),
		totals: new Float64Array(members.length),
		spent: new Float64Array(members.length),
		least: new Float64Array(members.length),
		errors: new Float64Array(members.length),
	};
	if (isWhole) return takeWhole(gathered, head);
	const columns = Int32Array.from(columnOf);
	members.forEach((queries, row) => {
		for (const query of queries) addRow(gathered, row, head, query, 1 / queries.length, columns);
	});
	return gathered;
}

/**
 * Whether each row and column is one token, and none is omitted.
 * @param {number[][]} members @param {number[]} columnOf @param {DenseHead} head
 */
const isIdentity = (members, columnOf, { nQuery, nKey }) =>
	members.length === nQuery &&
	columnOf.length === nKey &&
	members.every((queries, row) => queries.length === 1 && queries[0] === row) &&
	columnOf.every((column, key) => column === key);

/**
 * A head as it is, without a copy of its weights.
 * @param {GatheredRows} gathered @param {DenseHead} head
 */
function takeWhole(gathered, { values, masked, sums, least, errors, nKey, signed }) {
	const spent = signed ? gathered.spent : sums;
	if (signed) for (let i = 0; i < values.length; i++) spent[Math.floor(i / nKey)] += Math.abs(values[i]);
	return { values, masked, totals: sums, spent, least, errors };
}

/**
 * Adds one row of a head, times its share.
 * @param {GatheredRows} gathered @param {number} row
 * @param {DenseHead} head @param {number} query @param {number} share
 * @param {Int32Array} columns
 */
function addRow(gathered, row, head, query, share, columns) {
	const { values, masked, totals, spent, least, errors } = gathered;
	const [start, from] = [row * (values.length / totals.length), query * head.nKey];
	let magnitude = 0;
	for (let key = 0; key < head.nKey; key++) {
		const value = head.values[from + key] * share;
		magnitude += value < 0 ? -value : value;
		const column = columns[key];
		if (column < 0 || head.masked[from + key]) continue;
		values[start + column] += value;
		masked[start + column] = 0;
	}
	totals[row] += head.sums[query] * share;
	spent[row] += magnitude;
	least[row] = Math.max(least[row], head.least[query]);
	errors[row] = Math.max(errors[row], head.errors[query]);
}

/** The sum of each row over the columns. @param {Matrix} matrix */
export function rowSums({ values, rows, columns }) {
	const n = columns.length;
	return Float64Array.from({ length: rows.length }, (_, r) =>
		values.subarray(r * n, r * n + n).reduce((sum, value) => sum + value, 0),
	);
}

/**
 * Divides rows by their sums, if at most 5 % of a sum is rounding. Returns how many are not.
 * @param {Matrix & {least: Float64Array}} matrix
 */
export function renormalizeRows(matrix) {
	const { values, columns, least } = matrix;
	const n = columns.length;
	let refused = 0;
	rowSums(matrix).forEach((sum, r) => {
		const row = values.subarray(r * n, r * n + n);
		let zeros = 0;
		for (let c = 0; c < n; c++) zeros += row[c] === 0 ? 1 : 0;
		if (least[r] * zeros > MAX_ROUNDING * sum) refused += 1;
		else for (let c = 0; c < n; c++) row[c] /= sum || 1;
	});
	return refused;
}
