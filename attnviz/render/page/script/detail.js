// Details of the marked weight: its value, its row, and the same pair in all heads.

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { canvasContext } from "./canvas.js";
import { headValues, ranking } from "./head_list.js";
import { maxAbs } from "./number_text.js";
import { observeSize } from "./observe_size.js";
import { precision } from "./page_data.js";
import { cellFacts, cellText, rankedKeys } from "./row_facts.js";
import { scaleOf } from "./scales.js";
import { mainCell, select, selectHead } from "./selection.js";
import { currentMap, mainHead } from "./shown_heads.js";
import { Term } from "./term.js";
import { theme } from "./theme.js";
import { positionLabel } from "./token_labels.js";
import { html } from "./view.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */

const N_TOP = 6;
const BARS_HEIGHT = 48;

/** @param {{head: ShownHead}} props */
function Value({ head: { matrix } }) {
	const { row, column } = mainCell.value;
	const { text, percent, rankText, sumText, masked } = cellFacts(matrix, row, column, precision);
	const meaning = matrix.margin?.meaning ?? "";
	const rank = masked
		? html`<${Term} of="masked">Masked<//>.`
		: html`<${Term} of="rank">rank<//>${rankText.slice("rank".length)} in this row`;
	const sum = html`<${Term} of=${meaning}>${meaning}<//>${sumText.slice(meaning.length)}`;
	return html`
		<p id="pair">
			<bdi class="query" id="query">${positionLabel(matrix.rows, row)}</bdi> → <bdi id="key">${positionLabel(matrix.columns, column)}</bdi>
		</p>
		<p id="value">${text}</p>
		<p class="muted" id="rank">
			${percent && `${percent}, `}${rank}${sumText && [", ", sum]}
		</p>
	`;
}

/** The top keys of the marked query. @param {{head: ShownHead}} props */
function TopKeys({ head: { matrix, map } }) {
	const { row, column } = mainCell.value;
	const { high } = scaleOf(map, matrix).scale;
	const query = matrix.rows[row].members[0];
	const item = (/** @type {number} */ c) => {
		const { value } = matrix.cell(row, c);
		const width = `${Math.min(100, (100 * Math.abs(value)) / high)}%`;
		const choose = () => select({ q: query, k: matrix.columns[c].members[0] });
		return html`<button class="bar-row" key=${c} aria-pressed=${c === column} onClick=${choose}>
			<bdi>${positionLabel(matrix.columns, c)}</bdi><span>${cellText(matrix, row, c, precision)}</span><i style=${{ width }}></i>
		</button>`;
	};
	return html`<h2>Top keys of this query</h2>
		<div id="strongest" translate="no">${rankedKeys(matrix, row).slice(0, N_TOP).map(item)}</div>`;
}

/**
 * Values as bars on a canvas; a click selects one.
 * @param {{label: string, values: ArrayLike<number>, current: number, most: number, choose: (i: number) => void}} props
 */
function Bars({ label, values, current, most, choose }) {
	const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
	const room = useRef(0); // the width, measured once and not at each painting
	const paint = () => {
		const [node, width] = [canvas.current, room.current];
		if (!node || !width) return;
		const ctx = canvasContext(node, width, BARS_HEIGHT);
		const step = width / Math.max(1, values.length);
		const signed = Array.from(values).some((value) => value < 0);
		const zero = signed ? BARS_HEIGHT / 2 : BARS_HEIGHT;
		for (let i = 0; i < values.length; i++) {
			const tall = ((signed ? 0.5 : 1) * BARS_HEIGHT * Math.min(1, Math.abs(values[i]) / (most || 1))) || 0;
			ctx.fillStyle = i === current ? theme.value.accent : theme.value.muted;
			ctx.fillRect(i * step, values[i] < 0 ? zero : zero - tall, Math.max(1, step - (step > 3 ? 1 : 0)), Math.max(values[i] ? 1 : 0, tall));
		}
		ctx.fillStyle = theme.value.line;
		ctx.fillRect(0, zero - 1, width, 1);
		ctx.fillStyle = theme.value.accent;
		ctx.fillRect(current * step, BARS_HEIGHT - 2, Math.max(2, step - 1), 2);
	};
	const painting = useRef(paint);
	painting.current = paint;
	useLayoutEffect(() => {
		const node = /** @type {HTMLElement} */ (canvas.current?.parentElement);
		const measure = () => {
			room.current = node.clientWidth;
			painting.current();
		};
		measure();
		return observeSize(node, measure);
	}, []);
	useLayoutEffect(paint);
	useSignalEffect(() => {
		theme.value;
		painting.current();
	});
	const press = (/** @type {MouseEvent} */ event) => {
		const node = /** @type {HTMLElement} */ (event.currentTarget);
		choose(Math.floor((event.offsetX / node.clientWidth) * values.length));
	};
	return html`<div class="bars-canvas"><canvas ref=${canvas} role="img" aria-label=${label} onClick=${press}></canvas></div>`;
}

/** The weights of the marked query on all keys. @param {{head: ShownHead}} props */
function RowBars({ head: { matrix } }) {
	const { row, column } = mainCell.value;
	const values = matrix.row(row);
	const query = matrix.rows[row].members[0];
	const choose = (/** @type {number} */ c) => matrix.columns[c] && select({ q: query, k: matrix.columns[c].members[0] });
	const label = `weights of query ${matrix.rows[row].label} on all keys`;
	return html`<h2>All keys of this query</h2>
		<${Bars} label=${label} values=${values} current=${column} most=${maxAbs(values)} choose=${choose} />`;
}

/** The ranked value in all heads, in the order of the map. */
function HeadBars() {
	const { layers, heads } = currentMap.value;
	const main = mainHead.value;
	if (layers.length * heads.length < 2 || !main || !ranking.value.list.length) return null;
	const { values, most } = headValues.value;
	const all = layers.flatMap((_, l) => heads.map((__, h) => values.get(`${l} ${h}`)));
	const numbers = all.map((entry) => (entry && !entry.masked ? entry.value : 0));
	const choose = (/** @type {number} */ i) => selectHead(Math.floor(i / heads.length), i % heads.length);
	const what = ranking.value.by === "pair" ? "This pair" : ranking.value.by;
	const current = main.combine ? -1 : main.layer * heads.length + main.head;
	return html`<h2>${what} in all heads</h2>
		<${Bars} label=${`${what} in all heads, layer by layer`} values=${numbers} current=${current} most=${most} choose=${choose} />`;
}

/** The value at the lower edge of a small screen, where the details are out of sight. */
export function Sheet() {
	const head = mainHead.value;
	const { row, column } = mainCell.value;
	if (!head || row < 0) return null;
	const { matrix } = head;
	const { text, percent, rankText, masked } = cellFacts(matrix, row, column, precision);
	return html`<div id="sheet" aria-hidden="true">
		<span><bdi class="query">${positionLabel(matrix.rows, row)}</bdi> → <bdi>${positionLabel(matrix.columns, column)}</bdi>
			<br /><span class="muted">${masked ? "" : [percent, rankText].filter(Boolean).join(", ")}</span></span>
		<b>${text}</b>
	</div>`;
}

export function Detail() {
	const head = mainHead.value;
	if (!head || mainCell.value.row < 0) return null;
	return html`<section id="weight" aria-label="Selected weight">
		<${Value} head=${head} /><${TopKeys} head=${head} /><${RowBars} head=${head} /><${HeadBars} />
	</section>`;
}
