// Predicted tokens: those after the marked query, or for every mask token.

import { byId, el } from "./dom.js";

export function drawPredictions(page, matrix) {
	const { predicted } = page.attention;
	byId("predicted").hidden = !predicted;
	if (!predicted) return;
	const { row } = page.markedCell(matrix);
	const own = page.state.view !== "overview" && predicted.by_query[matrix.rows[row]?.members.at(-1)];
	const token = ([label, text, probability]) => {
		const width = `${100 * probability}%`;
		return el("p.token-row", el("bdi", label), el("span", text), el("i", { style: { width } }));
	};
	const list = ({ heading, rows }) => [el("h2", heading), ...rows.map(token)];
	byId("predicted").replaceChildren(...(own ? [own] : predicted.shown).flatMap(list));
}
