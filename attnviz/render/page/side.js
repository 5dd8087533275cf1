// Beside the picture: the weight that is pointed at or chosen, and its row.

import { button, byId, el } from "./dom.js";
import { closely, number } from "./words.js";

const NEIGHBOURS = 6;

export function drawSide(page, sheet) {
	const { row, column } = page.marks(sheet);
	const none = page.state.view === "overview" || row < 0;
	byId("weight").replaceChildren(...(none ? [] : weight(page, sheet, row, column)));
}

function weight(page, sheet, row, column) {
	const { rows, columns, margin, scale } = sheet;
	const order = sheet.strongest(row);
	const rank = order.indexOf(column) + 1;
	const said = rank ? `number ${rank} of ${order.length} in its row` : "This query may not look there.";
	const sum = margin && `; ${margin[1]} ${margin[0]} ${closely(margin[2][row])}`;
	const neighbour = (at) => {
		const { value } = sheet.cell(row, at);
		const width = `${Math.min(100, (100 * Math.abs(value)) / scale.high)}%`;
		const parts = [el("bdi", columns[at].label), number(value), el("i", { style: { width } })];
		const about = { "data-place": at, "aria-pressed": at === column };
		return button(parts, () => page.choose(row, at), about);
	};
	return [
		el("p.pair", el("bdi.query", rows[row].label), " → ", el("bdi", columns[column].label)),
		el("p.value", sheet.cell(row, column).said),
		el("p.said", said, sum),
		el("h2", "Strongest in the row"),
		el("div.row", { translate: "no" }, order.slice(0, NEIGHBOURS).map(neighbour)),
	];
}
