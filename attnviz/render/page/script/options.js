// The options under "Options": what is drawn, and in which colors.

import { Check, Omit, Select, Threshold, TopKeys } from "./controls.js";
import { pageData } from "./page_data.js";
import { currentMap } from "./shown_heads.js";
import { html } from "./view.js";

const CURVES = [
	["auto", "automatic"],
	["linear", "linear"],
	["sqrt", "square root"],
	["log", "logarithmic"],
];
const LIMITS = [
	[100, "largest weight"],
	[99, "99th percentile"],
	[95, "95th percentile"],
];
const SCALES = [
	["map", "shared"],
	["head", "per head"],
];
const REQUESTED = ["requested", "as requested"];

export function Options() {
	const { lists, offers, keys, scale } = currentMap.value;
	const palettes = Object.keys(pageData.palettes).map((name) => [name, name]);
	return html`<details id="options">
		<summary>Options</summary>
		<div id="option-list">
			<${Threshold} />
			<${TopKeys} most=${keys.length} />
			<${Select} name="palette" label="palette" pairs=${palettes} />
			<${Select} name="curve" label="color curve" pairs=${CURVES} />
			<${Select} name="limit" label="last color" pairs=${LIMITS} />
			<${Select} name="scale" label="color scale" pairs=${scale ? [...SCALES, REQUESTED] : SCALES} />
			<${Select} name="qs" label="query segment" pairs=${lists.qs ?? []} />
			<${Select} name="ks" label="key segment" pairs=${lists.ks ?? []} />
			${offers.special && html`<${Check} name="special" label="show special tokens" />`}
			${offers.renormalise && html`<${Check} name="renormalise" label="renormalize over shown keys" />`}
			${offers.words && html`<${Check} name="words" label="merge word pieces" />`}
			<${Check} name="table" label="show as table" />
		</div>
	</details>`;
}

/** The option that stays in sight. */
export const SinkSwitch = () =>
	html`<${Omit}
		name="sinks"
		label="without special tokens and sinks"
		hint="Omits special tokens, and key 0 of a text that attends to itself"
	/>`;
