// Predicted tokens of the maps in view: those after the marked query, or for every mask token.

import { maps } from "./page_data.js";
import { mainCell } from "./selection.js";
import { settings } from "./settings.js";
import { currentMap, mainHead } from "./shown_heads.js";
import { html } from "./view.js";

/** @typedef {import("./page_data.js").PredictionList} PredictionList */

/** @param {[string, string, number]} row */
const token = ([label, text, probability]) =>
	html`<p class="bar-row">
		<bdi>${label}</bdi><span>${text}</span><i style=${{ width: `${100 * probability}%` }}></i>
	</p>`;

export function Predictions() {
	const shown = (settings.value.view === "compare" ? maps : [currentMap.value]).filter((map) => map.predicted);
	if (!shown.length) return null;
	const query = mainHead.value?.matrix.rows[mainCell.value.row]?.members.at(-1) ?? -1;
	const lists = shown.flatMap((map) => {
		const predicted = /** @type {NonNullable<typeof map.predicted>} */ (map.predicted);
		const own = predicted.by_query[query];
		return (own ? [own] : predicted.shown).map((list) => ({ map, list }));
	});
	return html`<section id="predicted" aria-label="Predictions">
		${lists.map(({ map, list: { heading, rows } }) => [
			html`<h2>${shown.length > 1 ? `${map.name}: ${heading}` : heading}</h2>`,
			rows.map(token),
		])}
	</section>`;
}
