// @ts-nocheck
// The weights as a table, for reading and for screen readers.

import { el } from "./dom.js";
import { formatExact } from "./format.js";

const MAX_CELLS = 2500; // of larger heads, only the selected row is listed

const headCell = (text, scope = "col") => el("th", { scope }, text);
const table = (caption, names, rows) =>
	el("table", el("caption", caption), el("tr", names.map((name) => headCell(name))), rows);

export function weightTable(matrix, row) {
	const { margin, rows, columns } = matrix;
	const cell = (r, c) => el("td", matrix.cell(r, c).text);
	if (matrix.values.length > MAX_CELLS) {
		const line = (c) => el("tr", headCell(columns[c].label, "row"), el("td", c), cell(row, c));
		const caption = `Weights of query ${rows[row].label}, largest first.`;
		return table(caption, ["key", "column", "weight"], matrix.topKeys(row).map(line));
	}
	const line = ({ label }, r) => {
		const last = margin && el("td", formatExact(margin[2][r]));
		return el("tr", headCell(label, "row"), columns.map((_, c) => cell(r, c)), last);
	};
	const names = ["query \\ key", ...columns.map(({ label }) => label)];
	if (margin) names.push(`${margin[0]} ${margin[1]}`);
	return table("Rows: queries. Columns: keys.", names, rows.map(line));
}
