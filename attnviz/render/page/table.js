// The same numbers as a table, for those who read or listen to them.

import { el } from "./dom.js";
import { closely } from "./words.js";

const MOST_CELLS = 2500; // of larger heads, the chosen row is shown

const head = (text, scope = "col") => el("th", { scope }, text);
const table = (caption, names, lines) =>
	el("table", el("caption", caption), el("tr", names.map((name) => head(name))), lines);

export function tableOf(sheet, row) {
	const { margin, rows, columns } = sheet;
	const cell = (r, c) => el("td", sheet.cell(r, c).said);
	if (sheet.values.length > MOST_CELLS) {
		const line = (c) => el("tr", head(columns[c].label, "row"), el("td", c), cell(row, c));
		const caption = `The row of ${rows[row].label}, strongest key first.`;
		return table(caption, ["key", "column", "weight"], sheet.strongest(row).map(line));
	}
	const line = ({ label }, r) => {
		const last = margin && el("td", closely(margin[2][r]));
		return el("tr", head(label, "row"), columns.map((_, c) => cell(r, c)), last);
	};
	const names = ["query \\ key", ...columns.map(({ label }) => label)];
	if (margin) names.push(`${margin[0]} ${margin[1]}`);
	return table("Rows: queries. Columns: keys.", names, rows.map(line));
}
