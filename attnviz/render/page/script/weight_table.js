// The weights as a table, for reading and for screen readers.

import { formatExact } from "./number_text.js";
import { precision } from "./page_data.js";
import { cellText, rankedKeys } from "./row_facts.js";
import { mainCell } from "./selection.js";
import { settings } from "./settings.js";
import { mainHead } from "./shown_heads.js";
import { html } from "./view.js";

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

const MAX_CELLS = 2500; // of larger heads, only the selected row is listed

/** @param {string} caption @param {string[]} names @param {any[]} rows */
const table = (caption, names, rows) =>
	html`<table>
		<caption>${caption}</caption>
		<tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr>
		${rows}
	</table>`;

/** @param {WeightMatrix} matrix @param {number} r */
function rowTable(matrix, r) {
	const line = (/** @type {number} */ c) =>
		html`<tr><th scope="row">${matrix.columns[c].label}</th><td>${c}</td><td>${cellText(matrix, r, c, precision)}</td></tr>`;
	const caption = `Weights of query ${matrix.rows[r].label}, largest first.`;
	return table(caption, ["key", "column", "weight"], rankedKeys(matrix, r).map(line));
}

export function WeightTable() {
	const head = mainHead.value;
	const { row } = mainCell.value;
	if (!settings.value.table || !head || row < 0) return null;
	const { matrix } = head;
	const { margin, rows, columns } = matrix;
	if (matrix.values.length > MAX_CELLS) return html`<div id="numbers">${rowTable(matrix, row)}</div>`;
	const line = (/** @type {{label: string}} */ { label }, /** @type {number} */ r) => html`<tr>
		<th scope="row">${label}</th>
		${columns.map((_, c) => html`<td>${cellText(matrix, r, c, precision)}</td>`)}
		${margin && html`<td>${formatExact(margin.values[r], precision)}</td>`}
	</tr>`;
	const names = ["query \\ key", ...columns.map(({ label }) => label)];
	if (margin) names.push(`${margin.mark} ${margin.meaning}`);
	return html`<div id="numbers">${table("Rows: queries. Columns: keys.", names, rows.map(line))}</div>`;
}
