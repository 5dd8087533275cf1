// The logit lens: the prediction after each layer, of pages with the effects of heads.

import { change, settings } from "./settings.js";
import { currentMap } from "./shown_heads.js";
import { html } from "./view.js";

/** A layer; its name selects it, where the map has it. @param {{layer: number, name: string}} props */
function Layer({ layer, name }) {
	if (!currentMap.value.layers.includes(layer)) return name;
	return html`<button onClick=${() => change({ layer, combine: "" })}>${name}</button>`;
}

export function LogitLens() {
	const lens = currentMap.value.logit_lens;
	if (!lens) return null;
	const row = (/** @type {string[]} */ [name, ...cells], /** @type {number} */ i) => html`<tr aria-current=${lens.layers[i] === settings.value.layer}>
		<th scope="row"><${Layer} layer=${lens.layers[i]} name=${name} /></th>${cells.map((text) => html`<td>${text}</td>`)}
	</tr>`;
	return html`<section id="lens" aria-label="Logit lens">
		<h2>Logit lens</h2>
		<div class="scroll"><table class="compact wrapped">
			<caption>${lens.title}</caption>
			<thead><tr>${lens.columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
			<tbody>${lens.rows.map(row)}</tbody>
		</table></div>
	</section>`;
}
