// All heads: thumbnails in a grid of layers and heads, and a list in the order of a weight.

import { Select } from "./controls.js";
import { DrawerEnd, closeOnEscape, isDrawerOpen } from "./drawer.js";
import { filtered, headValues, rankedBy, ranking } from "./head_list.js";
import { HeadsGrid } from "./heads_grid.js";
import { pluralize } from "./number_text.js";
import { precision } from "./page_data.js";
import { weightText } from "./row_facts.js";
import { mainCell, selectHead } from "./selection.js";
import { change, settings } from "./settings.js";
import { COMBINATIONS, currentMap, mainHead } from "./shown_heads.js";
import { Term } from "./term.js";
import { positionLabel } from "./token_labels.js";
import { html } from "./view.js";

/** @typedef {import("./head_ranking.js").HeadEntry} HeadEntry */

const MAX_LISTED = 100;

/** What the list is in the order of, in words. */
function Heading() {
	const head = mainHead.value;
	const { row, column } = mainCell.value;
	if (!ranking.value.by) return null; // not yet ranked
	if (ranking.value.by !== "pair") {
		const measure = currentMap.value.measures.find(({ name }) => name === ranking.value.by);
		return html`<p class="muted">Heads by <${Term} of=${measure?.name} kind="measure">${measure?.name}<//>${measure?.unit ? ` (${measure.unit})` : ""}
			${measure?.note && html`<br />${measure.note}`}
		</p>`;
	}
	if (!head || row < 0) return null;
	return html`<p class="muted">
		Heads by <${Term} of="weight">weight<//> of <bdi class="query">${positionLabel(head.matrix.rows, row)}</bdi> → <bdi>${positionLabel(head.matrix.columns, column)}</bdi>
	</p>`;
}

/** @param {{entry: HeadEntry, most: number}} props */
function Entry({ entry, most }) {
	const { layers, heads, captions } = currentMap.value;
	const { layer, head, combine } = settings.value;
	const current = !combine && layers[entry.layer] === layer && heads[entry.head] === head;
	const text = entry.masked ? (ranking.value.by === "pair" ? "masked" : "–") : weightText(entry.value, entry.least, precision);
	const share = entry.masked || !most ? 0 : Math.min(1, Math.abs(entry.value) / most);
	const hint = [entry.pattern, captions[entry.name]].filter(Boolean).join(" · ");
	return html`<li>
		<button class="bar-row" aria-pressed=${current} title=${hint} onClick=${() => selectHead(entry.layer, entry.head)}>
			<span>${entry.name}</span>${entry.pattern && html`<span class="muted pattern">${entry.pattern}</span>`}<span>${text}</span>
			<i style=${{ width: `${100 * share}%` }}></i>
		</button>
	</li>`;
}

function RankedHeads() {
	const { list, error } = filtered.value;
	const { most } = headValues.value;
	const names = currentMap.value.measures.map(({ name }) => name);
	const orders = [["pair", "weight of the pair"], ...names.map((name) => [name, name])];
	const filter = (/** @type {any} */ event) => change({ filter: event.target.value }, { replace: true });
	const rank = (/** @type {any} */ event) => change({ rank: event.target.value }, { replace: true });
	return html`<div id="ranked">
		<div class="row">
			<label class="choice"><span>by</span>
				<select aria-label="order of the heads" value=${rankedBy.value} onChange=${rank}>
					${orders.map(([name, label]) => html`<option value=${name} selected=${name === rankedBy.value}>${label}</option>`)}
				</select>
			</label>
			<input type="search" aria-label="filter heads" placeholder="filter: > 0.2" title="a number such as > 0.2, a layer such as 3., part of a pattern such as previous" value=${settings.value.filter} onInput=${filter} />
		</div>
		${error && html`<p role="status" class="muted">${error}</p>`}
		${settings.value.filter && !error && !list.length && html`<p role="status" class="muted">No head matches.</p>`}
		<${Heading} />
		<ol aria-label="heads in order">${list.slice(0, MAX_LISTED).map((entry) => html`<${Entry} key=${entry.name} entry=${entry} most=${most} />`)}</ol>
		${list.length > MAX_LISTED && html`<p class="muted">The first ${MAX_LISTED} of ${pluralize(list.length, "head")}.</p>`}
	</div>`;
}

/** The choice of one head or of a combination of heads. */
function Combine() {
	const { layers, heads } = currentMap.value;
	const pairs = Object.entries(COMBINATIONS).filter(([name]) => {
		if (name.endsWith("layer")) return heads.length > 1;
		if (name.endsWith("head")) return layers.length > 1;
		return !name || (layers.length > 1 && heads.length > 1);
	});
	return html`<${Select} name="combine" label="show" pairs=${pairs} />`;
}

const CELLS = [
	["picture", "picture"],
	["value", "ranked value"],
];

export function HeadsPanel() {
	const { layers, heads } = currentMap.value;
	if (layers.length * heads.length < 2) return null;
	return html`<section id="heads" aria-label="Heads" class=${isDrawerOpen.value ? "open" : ""} onKeyDown=${closeOnEscape}>
		<div class="drawer-head"><h2><${Term} of="head">Heads<//></h2><${DrawerEnd} /></div>
		<div class="row"><${Combine} /><${Select} name="cells" label="cells" pairs=${CELLS} /></div>
		${settings.value.view !== "overview" && html`<${HeadsGrid} small />`}
		<${RankedHeads} />
	</section>`;
}
