// Thumbnails of all heads. Rows: layers. Columns: heads.

import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { headValues, ranking } from "./head_list.js";
import { drawHeads } from "./head_pictures.js";
import { stop, walkStops } from "./keyboard.js";
import { contentWidth, observeSize } from "./observe_size.js";
import { precision } from "./page_data.js";
import { weightText } from "./row_facts.js";
import { selectHead } from "./selection.js";
import { settings } from "./settings.js";
import { currentMap, options } from "./shown_heads.js";
import { printing, theme } from "./theme.js";
import { html } from "./view.js";

const TARGET = 24; // the least size of a target, in CSS pixels

/** The size of a thumbnail and the number of columns. @param {number} width @param {boolean} small */
function gridSize(width, small) {
	const { layers, heads } = currentMap.value;
	const single = layers.length === 1;
	const most = single ? Math.max(1, Math.floor(width / (small ? 64 : 180))) : heads.length;
	const across = Math.max(1, Math.ceil(heads.length / Math.ceil(heads.length / most)));
	const room = (width - (single ? 0 : 30)) / across - 5;
	return { single, across, size: Math.floor(Math.max(TARGET, Math.min(room, small ? 96 : single ? 340 : 132))) };
}

/** Where the large grid closed, the focus goes to the same head in the small one. */
function focusCurrent() {
	if (document.activeElement !== document.body) return;
	/** @type {HTMLElement | null} */ (document.querySelector("#heads .thumb[aria-current=true]"))?.focus();
}

/** The name and the caption of a head. @param {number} layer @param {number} head */
function nameHead(layer, head) {
	const map = currentMap.value;
	const name = `${map.lists.layer[layer][1]}, ${map.head_names[head]}`;
	const caption = map.captions[`${map.layers[layer]}.${map.heads[head]}`] ?? "";
	return [name, caption].filter(Boolean).join(": ");
}

/** The ranked value of a head, as text and as a share of the largest. @param {number} layer @param {number} head */
function valueOf(layer, head) {
	const { values, most } = headValues.value;
	const entry = values.get(`${layer} ${head}`);
	if (!entry || entry.masked) return { value: "", share: 0 };
	return { value: weightText(entry.value, entry.least, precision), share: most ? Math.abs(entry.value) / most : 0 };
}

/** The ranked value in place of a picture. @param {{layer: number, head: number, size: number}} props */
function ValueCell({ layer, head, size }) {
	const { value, share } = valueOf(layer, head);
	return html`<span class="value-cell" style=${{ "--share": share }}>${size >= 40 ? value : ""}</span>`;
}

/** @param {{layer: number, head: number, size: number, named: boolean}} props */
function Thumb({ layer, head, size, named }) {
	const map = currentMap.value;
	const { layer: l, head: h, cells, combine } = settings.value;
	const current = !combine && map.layers[layer] === l && map.heads[head] === h;
	const label = nameHead(layer, head);
	const open = () => {
		selectHead(layer, head);
		requestAnimationFrame(focusCurrent);
	};
	// The value is added once it is wanted: a preview of another pair does not draw all heads anew.
	const describe = (/** @type {Event} */ { currentTarget }) => {
		const by = ranking.value.by === "pair" ? "weight of the pair" : ranking.value.by;
		const { value } = valueOf(layer, head);
		const text = value ? `${label}: ${by} ${value}` : label;
		const node = /** @type {HTMLElement} */ (currentTarget);
		node.title = text;
		node.ariaLabel = text;
	};
	return html`<button
		class="thumb"
		data-head=${`${layer} ${head}`}
		aria-label=${label}
		aria-current=${current}
		onClick=${open}
		onPointerEnter=${describe}
		onFocus=${describe}
		...${stop(current || (combine !== "" && layer + head === 0))}
	>
		${cells === "value" && html`<${ValueCell} layer=${layer} head=${head} size=${size} />`}
		${named && html`<span class="muted">${map.head_names[head]}</span>`}
	</button>`;
}

/** Draws the pictures of a grid whenever what they depend on changes. @param {HTMLElement} grid @param {number} size */
function followSettings(grid, size) {
	let before = "";
	return effect(() => {
		const { scale, curve, palette, limit, find } = settings.value;
		const facts = [currentMap.value.index, scale, curve, palette, limit, find, options.value, theme.value, printing.value];
		const key = JSON.stringify(facts);
		if (key === before) return;
		before = key;
		drawHeads(grid, size);
	});
}

/** @param {{small?: boolean}} props */
export function HeadsGrid({ small = false }) {
	const host = useRef(/** @type {HTMLElement | null} */ (null));
	const width = useRef(signal(0)).current;
	const map = currentMap.value;
	const { layers, heads } = map;
	const { single, across, size } = gridSize(width.value || (small ? 320 : 900), small);
	useLayoutEffect(() => {
		const node = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (host.current).parentElement);
		const measure = () => (width.value = contentWidth(node));
		measure();
		return observeSize(node, measure);
	}, []);
	useLayoutEffect(() => (width.value && host.current ? followSettings(host.current, size) : undefined), [map, size, across, width.value > 0]);
	const row = (/** @type {number} */ layer, /** @type {number} */ l) => [
		!single && html`<span class="row-label">${layer}</span>`,
		heads.map((_, h) => html`<${Thumb} key=${`${map.index} ${l} ${h}`} layer=${l} head=${h} size=${size} named=${single} />`),
	];
	const numbers = map.head_names.map((name) => html`<span class="column-label">${name.replace(/^head /, "")}</span>`);
	return html`<div
		class="heads"
		role="group"
		aria-label="Grid of heads"
		ref=${host}
		style=${{ "--columns": across + Number(!single), "--size": `${size}px` }}
		onKeyDown=${(/** @type {KeyboardEvent} */ event) => walkStops(event, across)}
	>
		<canvas aria-hidden="true"></canvas>
		${!single && [html`<span></span>`, numbers]}${layers.map(row)}
	</div>`;
}
