// The vectors of the marked query and key, and their elementwise product.

import { signal } from "@preact/signals";
import { Computation } from "./computation.js";
import { stop, walkStops } from "./keyboard.js";
import { formatExact, maxAbs } from "./number_text.js";
import { precision } from "./page_data.js";
import { announcement, mainCell } from "./selection.js";
import { mainHead } from "./shown_heads.js";
import { html } from "./view.js";

const described = signal("");

/**
 * One bar per dimension, around zero; arrow keys walk along `focusable` bars.
 * @param {{title: any, values: Float64Array, most: number, describe: (d: number) => string, focusable?: boolean}} props
 */
function DimensionBars({ title, values, most, describe, focusable = false }) {
	const bar = (/** @type {number} */ value, /** @type {number} */ d) => {
		const show = () => (described.value = describe(d));
		const focus = () => (announcement.value = show());
		return html`<i
			class=${value < 0 ? "negative" : ""}
			style=${{ "--share": Math.abs(value) / (most || 1) }}
			role="img"
			aria-label=${describe(d)}
			onPointerEnter=${show}
			onFocus=${focus}
			...${focusable ? stop(d === 0) : {}}
		></i>`;
	};
	return html`<div class="bars">
		<h3><span>${title}</span><span>±${formatExact(most, precision)}</span></h3>
		<div onKeyDown=${walkStops}>${Array.from(values, bar)}</div>
	</div>`;
}

export function Vectors() {
	const head = mainHead.value;
	const { row, column } = mainCell.value;
	if (!head?.map.queryVectors || !head.map.keyVectors || head.combine || row < 0) return null;
	const { map, layer, matrix } = head;
	const [query, key] = [matrix.rows[row].members[0], matrix.columns[column].members[0]];
	const q = head.map.queryVectors.values(layer, head.head, query);
	const k = head.map.keyVectors.values(layer, head.head, key);
	const product = q.map((value, d) => value * k[d]);
	const sum = formatExact(product.reduce((a, b) => a + b, 0), precision);
	const most = Math.max(maxAbs(q), maxAbs(k));
	const describe = (/** @type {number} */ d) =>
		`dimension ${d} of query, key, product: ${[q, k, product].map((values) => formatExact(values[d], precision)).join(", ")}`;
	const name = (/** @type {string} */ side, /** @type {string} */ label) => html`${side} <bdi class="query">${label}</bdi>`;
	return html`<section id="vectors" aria-label="Query and key vectors">
		<h2>Query and key, before scaling, bias and mask</h2>
		<${DimensionBars} title=${name("query", map.shown.queries[query])} values=${q} most=${most} describe=${describe} />
		<${DimensionBars} title=${name("key", map.shown.keys[key])} values=${k} most=${most} describe=${describe} />
		<${DimensionBars} title=${`query × key; dot product ${sum}`} values=${product} most=${maxAbs(product)} describe=${describe} focusable />
		<p class="muted" id="dimension">${described.value || "Hover a dimension or use the arrow keys. Bars below the line: negative."}</p>
		<${Computation} head=${head} query=${query} marked=${key} />
	</section>`;
}
