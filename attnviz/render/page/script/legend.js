// Legend: what colors, lines, hatches and marks stand for.

import { formatExact } from "./number_text.js";
import { precision } from "./page_data.js";
import { scaleOf } from "./scales.js";
import { settings } from "./settings.js";
import { currentMap, mainHead, shownHeads } from "./shown_heads.js";
import { Term } from "./term.js";
import { html } from "./view.js";

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */

/** What the lines between cells separate. */
const BORDERS = {
	turns: "Lines between cells: turns of the chat.",
	generated: "Line between cells: where the generated text begins.",
	segments: "Lines between cells: segments.",
	"": "",
};

/** @param {{scale: ColorScale}} props */
function Gradient({ scale }) {
	const background = `linear-gradient(to right, ${scale.gradient().join()})`;
	const tick = (/** @type {{value: number, share: number}} */ { value, share }) =>
		html`<span style=${{ left: `${100 * share}%` }}>${value && formatExact(value, precision)}</span>`;
	return html`<div class="palette" role="img" aria-label="color scale" style=${{ background }}></div>
		<div class="ticks">${scale.ticks().map(tick)}</div>`;
}

/** The scale of the differences beside weights, which is their own. */
function DifferenceMarks() {
	const signed = mainHead.value?.matrix.signed;
	const difference = shownHeads.value.find(({ matrix }) => matrix.signed && !signed);
	if (!difference) return null;
	const { scale, sentences } = scaleOf(difference.map, difference.matrix);
	const name = settings.value.view === "compare" ? "Differences" : `Difference ${difference.name}`;
	return html`<p>${name}: another scale. ${sentences.join(" ")}</p>
		<${Gradient} scale=${scale} />`;
}

/** @param {{scale: ColorScale, signed: boolean}} props */
const LineMarks = ({ scale, signed }) =>
	html`<p>Left: queries. Right: keys.</p>
		<p>
			Line opacity: weight, up to <span id="max-weight">${formatExact(scale.high, precision)}</span>. Color: head.
			${signed && "Dashed: negative."}
		</p>`;

export function Legend() {
	const head = mainHead.value;
	if (!head) return null;
	const { matrix, map } = head;
	const { view } = settings.value;
	const { scale, shared, sentences } = scaleOf(map, matrix);
	const [several, grid] = [map.layers.length * map.heads.length > 1, map.layers.length > 1];
	const mark = matrix.margin?.mark;
	return html`<section id="legend" aria-label="Legend">
		<h2>Legend</h2>
		${grid && html`<p>Grid: <${Term} of="layer">layers<//> (down) × <${Term} of="head">heads<//> (across).</p>`}
		${view === "lines" ? html`<${LineMarks} scale=${scale} signed=${map.signed} />` : html`<p>Rows: <${Term} of="query">queries<//>. Columns: <${Term} of="key">keys<//>.</p>`}
		<p>Color: <${Term} of="weight">weight<//>${several && (shared ? "; one scale for all heads" : "; the scale of this head")}. ${sentences.join(" ")}</p>
		<${Gradient} scale=${scale} />
		<${DifferenceMarks} />
		${view !== "lines" && map.border_kind && html`<p>${BORDERS[map.border_kind]}</p>`}
		${matrix.masked.includes(1) && html`<p class="mark"><i class="masked"></i> <${Term} of="masked">masked<//></p>`}
		${view !== "lines" && mark === "∅" && html`<p class="mark"><b>∅</b> <${Term} of="on no key">weight on no key<//> (1 − row sum)</p>`}
		${view !== "lines" && mark === "Σ" && html`<p class="mark"><b>Σ</b> <${Term} of="row sum">row sum<//> over the keys shown</p>`}
		<p class="muted">Weights alone do not explain a prediction.</p>
	</section>`;
}

/** Notes on all that changes what is shown. */
export function Notes() {
	const head = mainHead.value;
	if (!head) return null;
	const { combine } = settings.value;
	const notes = [...head.matrix.notes];
	if (combine.startsWith("max")) notes.push("Each weight is the largest of its heads: rows do not sum to 1.");
	return html`<ul id="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
}

/** How the map was made. */
export function Metadata() {
	const { about, made, kept } = currentMap.value;
	return html`<footer>
		<details>
			<summary>Metadata</summary>
			<p id="about">${about}</p>
			<dl id="meta">${made.map(([key, text]) => [html`<dt>${key}</dt>`, html`<dd>${text}</dd>`])}</dl>
		</details>
		<p id="precision">${kept}</p>
	</footer>`;
}
