// @ts-nocheck
// Details: the marked weight, its rank, and the top keys of its query.

import { button, byId, el } from "./dom.js";
import { formatExact, formatNumber } from "./format.js";

const N_TOP = 6;

export function drawDetails(page, matrix) {
	const { row, column } = page.markedCell(matrix);
	const { rows, columns, margin, scale } = matrix;
	byId("weight").hidden = page.state.view === "overview" || row < 0;
	if (byId("weight").hidden) return;
	const order = matrix.topKeys(row);
	const size = (i) => Math.abs(matrix.cell(row, i).value);
	const larger = order.filter((i) => size(i) > size(column)).length;
	const tied = order.filter((i) => size(i) === size(column)).length > 1 ? ", tied" : "";
	const text = order.includes(column)
		? `rank ${larger + 1} of ${order.length} in this row${tied}`
		: "Masked.";
	const sum = margin ? `; ${margin[1]} ${margin[0]} ${formatExact(margin[2][row])}` : "";
	byId("query").textContent = rows[row].label;
	byId("key").textContent = columns[column].label;
	byId("value").textContent = matrix.cell(row, column).text;
	byId("rank").textContent = text + sum;
	const topKey = (i) => {
		const { value } = matrix.cell(row, i);
		const width = `${Math.min(100, (100 * Math.abs(value)) / scale.high)}%`;
		const parts = [el("bdi", columns[i].label), formatNumber(value), el("i", { style: { width } })];
		const props = { "data-stop": i, "aria-pressed": i === column };
		return button(parts, () => page.select(row, i), props);
	};
	byId("strongest").replaceChildren(...order.slice(0, N_TOP).map(topKey));
}
