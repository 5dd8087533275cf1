// @ts-nocheck
// Predicted tokens of the maps in view: those after the marked query, or for every mask token.

import { byId, el } from "./dom.js";

export function drawPredictions(page, matrix) {
	const maps = page.visibleMaps.filter(({ predicted }) => predicted);
	byId("predicted").hidden = !maps.length;
	const { row } = page.markedCell(matrix);
	const query = page.state.view === "overview" ? undefined : matrix.rows[row]?.members.at(-1);
	const token = ([label, text, probability]) => {
		const width = `${100 * probability}%`;
		return el("p.token-row", el("bdi", label), el("span", text), el("i", { style: { width } }));
	};
	const list = ({ heading, rows }, name) => [
		el("h2", maps.length > 1 ? `${name}: ${heading}` : heading),
		...rows.map(token),
	];
	const lists = maps.flatMap(({ name, predicted: { by_query: own, shown } }) =>
		(own[query] ? [own[query]] : shown).flatMap((each) => list(each, name)),
	);
	byId("predicted").replaceChildren(...lists);
}
