// Controls: each sets the setting that has its name.

import { pageData } from "./page_data.js";
import { change, settings } from "./settings.js";
import { html } from "./view.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {keyof Settings} Name */

/** The threshold slider: cubic, for fine steps near zero. */
const slider = {
	/** @param {number} position */
	value: (position) => Number((pageData.largest * (position / 100) ** 3).toPrecision(2)),
	/** @param {number} value */
	position: (value) => Math.round(100 * Math.cbrt(value / (pageData.largest || 1))),
};

/** @param {{name: Name, label: string, pairs: [string | number, string][], bare?: boolean}} props */
export function Select({ name, label, pairs, bare = false }) {
	if (pairs.length < 2) return null;
	const value = settings.value[name];
	const set = (/** @type {any} */ event) => change({ [name]: event.target.value });
	const select = html`<select name=${name} aria-label=${bare ? label : undefined} value=${value} onChange=${set}>
		${pairs.map(([option, text]) => html`<option value=${option} selected=${option === value}>${text}</option>`)}
	</select>`;
	return bare ? select : html`<label class="choice"><span>${label}</span>${select}</label>`;
}

/** A select with buttons for the previous and the next option. @param {{name: "layer" | "head", pairs: [number, string][]}} props */
export function Stepper({ name, pairs }) {
	if (pairs.length < 2) return null;
	const at = pairs.findIndex(([value]) => value === settings.value[name]);
	const step = (/** @type {number} */ by) => {
		const next = pairs[at + by];
		if (next) change({ [name]: next[0], combine: "" });
	};
	return html`<span class="choice stepper">
		<button aria-label=${`previous ${name}`} onClick=${() => step(-1)}>‹</button>
		<${Select} name=${name} label=${name} pairs=${pairs} bare />
		<button aria-label=${`next ${name}`} onClick=${() => step(1)}>›</button>
	</span>`;
}

/** @param {{name: Name, label: string, hint?: string}} props */
export function Check({ name, label, hint }) {
	const set = (/** @type {any} */ event) => change({ [name]: event.target.checked }, { replace: true });
	return html`<label class="choice tick" title=${hint}>
		<input type="checkbox" name=${name} checked=${settings.value[name]} onChange=${set} /> ${label}
	</label>`;
}

/** The same, for a setting that is on where the box is not checked. @param {{name: Name, label: string, hint?: string}} props */
export function Omit({ name, label, hint }) {
	const set = (/** @type {any} */ event) => change({ [name]: !event.target.checked }, { replace: true });
	return html`<label class="choice tick" title=${hint}>
		<input type="checkbox" name=${name} checked=${!settings.value[name]} onChange=${set} /> ${label}
	</label>`;
}

export function Threshold() {
	const { threshold } = settings.value;
	const set = (/** @type {any} */ event) =>
		change({ threshold: slider.value(Number(event.target.value)) }, { replace: true });
	return html`<label class="choice"><span>threshold</span>
		<input type="range" name="threshold" value=${slider.position(threshold)} onInput=${set} />
		<output>${threshold ? `≥ ${threshold}` : "all"}</output>
	</label>`;
}

/** @param {{most: number}} props */
export function TopKeys({ most }) {
	const set = (/** @type {any} */ { target }) => target.validity.valid && change({ top: Number(target.value) }, { replace: true });
	return html`<label class="choice"><span>top keys per query (0: all, at most ${most})</span>
		<input type="number" name="top" min="0" max=${most} value=${settings.value.top} onInput=${set} />
	</label>`;
}
