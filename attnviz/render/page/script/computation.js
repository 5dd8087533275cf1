// The computation of the weights of a query from its query and key vectors, for all keys.

import { formatExact, pluralize } from "./number_text.js";
import { precision } from "./page_data.js";
import { hover, select } from "./selection.js";
import { html } from "./view.js";
import { stepsOfQuery } from "./weight_steps.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */
/** @typedef {import("./weight_steps.js").KeySteps} KeySteps */
/** @typedef {import("./weight_steps.js").ScoreSteps} ScoreSteps */

const MOST = 16; // keys that are listed, besides the marked one

/** The columns of the steps that a mechanism has. @param {ScoreSteps} steps @returns {[string, keyof KeySteps][]} */
const columnsOf = ({ cap, bias, sigmoid, cosine }) =>
	/** @type {[string, keyof KeySteps][]} */ ([
		[cosine ? "cos" : "q·k", "dot"],
		["score", "score"],
		...(cap ? [["capped", "capped"]] : []),
		...(bias ? [["bias", "bias"]] : []),
		...(sigmoid ? [] : [["exp", "exponential"]]),
		["weight", "weight"],
	]);

/**
 * The steps in formulas, with their numbers.
 * @param {ScoreSteps} steps @param {number} largest @param {number} sum
 */
function formulas({ scale, cap, bias, sink, sigmoid, cosine }, largest, sum) {
	const [factor, limit, max, total] = [scale, cap ?? 0, Math.abs(largest), sum].map((value) => formatExact(value, precision));
	const logit = bias ? "(score + bias)" : cap ? "capped" : "score";
	return [
		cosine && "cos = q·k / (‖q‖ ‖k‖)",
		`score = ${factor} · ${cosine ? "cos" : "q·k"}`,
		cap && `capped = ${limit} · tanh(score / ${limit})`,
		bias && "bias: of the distance of key and query",
		sigmoid ? `weight = 1 / (1 + exp(−${logit}))` : `exp = exp(${logit} ${largest < 0 ? "+" : "−"} ${max}), with the largest ${bias ? "of them" : logit}`,
		!sigmoid && `weight = exp / ${total}, their sum${sink ? " and the sink's" : ""}`,
	].filter(Boolean).join("; ");
}

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

/** One key. @param {{step: KeySteps, columns: [string, keyof KeySteps][], label: string, query: number, index: number, current: boolean}} props */
function KeyRow({ step, columns, label, query, index, current }) {
	const { masked } = step;
	const isEnd = (/** @type {keyof KeySteps} */ name) => ["bias", "exponential", "weight"].includes(name); // unknown if masked
	const shown = columns.filter(([, name]) => !(masked && isEnd(name)));
	const numbers = shown.map(([, name]) => formatExact(Number(step[name]), precision));
	return html`<tr aria-current=${current} onPointerEnter=${() => hover({ q: query, k: index })} onPointerLeave=${() => hover({})}>
		<th scope="row"><button onClick=${() => select({ q: query, k: index })}><bdi>${label}</bdi></button></th>
		${numbers.map((text) => html`<td>${text}</td>`)}${masked && html`<td colspan=${columns.length - shown.length}>masked</td>`}
	</tr>`;
}

/**
 * The steps from q·k to the weights; a sentence where the mechanism has others.
 * @param {{head: ShownHead, query: number, marked: number}} props tokens by position
 */
export function Computation({ head, query, marked }) {
	const { map, layer, head: number } = head;
	const { queryVectors, keyVectors, array } = map;
	if (!queryVectors || !keyVectors) return null;
	const steps = map.score_steps?.[layer];
	if (!steps) return html`<p class="muted" id="other-steps">${map.no_steps}</p>`;
	const arrays = { query_vectors: queryVectors, key_vectors: keyVectors, weights: array };
	const { keys, largest, sum } = stepsOfQuery(arrays, layer, number, query, steps);
	const listed = listedKeys(keys, marked);
	const rest = keys.length - listed.length;
	const columns = columnsOf(steps);
	return html`<table id="computation" class="compact">
		<caption>
			${formulas(steps, largest, sum)}.${rest ? ` Not listed: ${pluralize(rest, "key")} of less weight.` : ""}
		</caption>
		<thead><tr>${["key", ...columns.map(([name]) => name)].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
		<tbody>
			${listed.map((index) => html`<${KeyRow}
				key=${index}
				step=${keys[index]}
				columns=${columns}
				label=${map.shown.keys[index]}
				query=${query}
				index=${index}
				current=${index === marked}
			/>`)}
		</tbody>
	</table>`;
}
