// The computation of the weights of a query from its query and key vectors, for all keys.

import { formatExact, pluralize } from "./number_text.js";
import { precision } from "./page_data.js";
import { hover, select } from "./selection.js";
import { html } from "./view.js";
import { stepsOfQuery } from "./weight_steps.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */
/** @typedef {import("./weight_steps.js").KeySteps} KeySteps */

const MOST = 16; // keys that are listed, besides the marked one

const NAMES = ["key", "q·k", "score", "exp", "weight"];

/**
 * The keys that are listed, in the order of the text: all of a few, else those of largest weight
 * and the marked one.
 * @param {KeySteps[]} keys @param {number} marked
 */
export function listedKeys(keys, marked) {
	const all = [...keys.keys()];
	if (keys.length <= MOST) return all;
	const largest = all.toSorted((a, b) => keys[b].weight - keys[a].weight).slice(0, MOST);
	return [...new Set([...largest, marked])].sort((a, b) => a - b);
}

/** One key. @param {{step: KeySteps, label: string, query: number, index: number, current: boolean}} props */
function KeyRow({ step, label, query, index, current }) {
	const { dot, score, exponential, weight, masked } = step;
	const numbers = [dot, score].map((value) => formatExact(value, precision));
	const ends = masked ? [] : [exponential, weight].map((value) => formatExact(value, precision));
	return html`<tr aria-current=${current} onPointerEnter=${() => hover({ q: query, k: index })} onPointerLeave=${() => hover({})}>
		<th scope="row"><button onClick=${() => select({ q: query, k: index })}><bdi>${label}</bdi></button></th>
		${[...numbers, ...ends].map((text) => html`<td>${text}</td>`)}${masked && html`<td colspan="2">masked</td>`}
	</tr>`;
}

/**
 * The steps from q·k to the weights; a sentence where the mechanism has others.
 * @param {{head: ShownHead, query: number, marked: number}} props tokens by position
 */
export function Computation({ head, query, marked }) {
	const { map, layer, head: number } = head;
	const { queryVectors, keyVectors, array, score_scale: scale } = map;
	if (!queryVectors || !keyVectors) return null;
	if (typeof scale !== "number") {
		return html`<p class="muted" id="other-steps">The other steps of this mechanism: attnviz explain.</p>`;
	}
	const arrays = { query_vectors: queryVectors, key_vectors: keyVectors, weights: array };
	const { keys, largest, sum } = stepsOfQuery(arrays, layer, number, query, scale);
	const listed = listedKeys(keys, marked);
	const rest = keys.length - listed.length;
	const [max, total] = [largest, sum].map((value) => formatExact(value, precision));
	return html`<table id="computation" class="compact">
		<caption>
			score = ${formatExact(scale, precision)} · q·k; exp = exp(score − ${max}), with the largest score;
			weight = exp / ${total}, their sum.${rest ? ` Not listed: ${pluralize(rest, "key")} of less weight.` : ""}
		</caption>
		<thead><tr>${NAMES.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
		<tbody>
			${listed.map((index) => html`<${KeyRow}
				key=${index}
				step=${keys[index]}
				label=${map.shown.keys[index]}
				query=${query}
				index=${index}
				current=${index === marked}
			/>`)}
		</tbody>
	</table>`;
}
