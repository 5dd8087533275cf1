// A head as CSV, with the columns of the command's CSV: the weights that are shown.

import { csvCell, exactNumber } from "./csv_cells.js";

/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */
/** @typedef {import("./token_groups.js").Token} Token */
/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

const COLUMNS = "layer,head,query,key,query_token,key_token,weight";

/**
 * The weights of a matrix, one per line; masked ones are 0. Omitted tokens have no lines, the
 * pieces of a merged word the position of the first.
 * @param {{queries: Token[], keys: Token[]}} map
 * @param {WeightMatrix} matrix
 * @param {string | number} layer @param {string | number} head numbers, or the name of a reduction
 */
export function headCsv(map, matrix, layer, head) {
	const [queries, keys] = [cellsOf(matrix.rows, map.queries), cellsOf(matrix.columns, map.keys)];
	const start = `${csvCell(`${layer}`)},${csvCell(`${head}`)}`;
	const lines = [COLUMNS];
	matrix.rows.forEach(({ members: [query] }, r) => {
		const row = matrix.row(r);
		matrix.columns.forEach(({ members: [key] }, c) => {
			lines.push(`${start},${query},${key},${queries[r]},${keys[c]},${exactNumber(row[c])}`);
		});
	});
	return `${lines.join("\n")}\n`;
}

/** The tokens as cells: a single one as it is, a merged word as it is shown. */
const cellsOf = (/** @type {TokenGroup[]} */ groups, /** @type {Token[]} */ tokens) =>
	groups.map(({ label, members }) => csvCell(members.length === 1 ? tokens[members[0]].label : label));
