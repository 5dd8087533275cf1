// The caption of the selected head: its name, and what is known of it, with its terms explained.

import { findTerms } from "./caption_terms.js";
import { settings } from "./settings.js";
import { shownHeads } from "./shown_heads.js";
import { Term } from "./term.js";
import { html } from "./view.js";

/** @param {{text: string, pattern: string}} props */
function Explained({ text, pattern }) {
	const parts = [];
	let end = 0;
	for (const { word, kind, from } of findTerms(text, pattern)) {
		parts.push(text.slice(end, from), html`<${Term} of=${word} kind=${kind}>${word}<//>`);
		end = from + word.length;
	}
	return [...parts, text.slice(end)];
}

export function Caption() {
	const main = shownHeads.value[0];
	if (!main || settings.value.view === "overview") return null;
	const { map, layer, head, combine, name } = main;
	const caption = combine ? "" : (map.captions[`${map.layers[layer]}.${map.heads[head]}`] ?? "");
	const pattern = map.patterns?.[layer]?.[head]?.name ?? "";
	return html`<p id="caption">${name}${caption && [": ", html`<${Explained} text=${caption} pattern=${pattern} />`]}</p>`;
}
