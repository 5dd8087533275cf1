// Beside the picture: the weight that is pointed at or chosen, and its row.

import { button, byId, el } from "./dom.js";
import { closely, number } from "./words.js";

const NEIGHBOURS = 6;

export function drawSide(page, sheet) {
	const { row, column } = page.marks(sheet);
	const { rows, columns, margin, scale } = sheet;
	byId("weight").hidden = page.state.view === "overview" || row < 0;
	if (byId("weight").hidden) return;
	const order = sheet.strongest(row);
	const rank = order.indexOf(column) + 1;
	const said = rank ? `number ${rank} of ${order.length} in its row` : "This query may not look there.";
	const sum = margin ? `; ${margin[1]} ${margin[0]} ${closely(margin[2][row])}` : "";
	byId("query").textContent = rows[row].label;
	byId("key").textContent = columns[column].label;
	byId("value").textContent = sheet.cell(row, column).said;
	byId("rank").textContent = said + sum;
	const neighbour = (at) => {
		const { value } = sheet.cell(row, at);
		const width = `${Math.min(100, (100 * Math.abs(value)) / scale.high)}%`;
		const parts = [el("bdi", columns[at].label), number(value), el("i", { style: { width } })];
		const about = { "data-place": at, "aria-pressed": at === column };
		return button(parts, () => page.choose(row, at), about);
	};
	byId("strongest").replaceChildren(...order.slice(0, NEIGHBOURS).map(neighbour));
}
