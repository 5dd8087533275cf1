// Lines from queries (left) to keys (right), one color per head.

import { computed, signal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { canvasContext } from "./canvas.js";
import { headColors } from "./head_colors.js";
import { stop, walkStops } from "./keyboard.js";
import { headBoxes, layoutLines, paintLines } from "./line_painter.js";
import { pluralize } from "./number_text.js";
import { observeSize } from "./observe_size.js";
import { precision } from "./page_data.js";
import { describeRow, weightText } from "./row_facts.js";
import { scaleOf } from "./scales.js";
import { announcement, hover, hovered, mainCell, markedCell, toggle } from "./selection.js";
import { change, settings } from "./settings.js";
import { currentMap, mainHead, shownHeads } from "./shown_heads.js";
import { printing, theme } from "./theme.js";
import { found } from "./token_finder.js";
import { positionText } from "./token_labels.js";
import { html } from "./view.js";

/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */

const WIDTH = 360;
const PITCHES = [
	[14, 38],
	[60, 25],
	[Infinity, 20],
]; // tokens up to which a token has this height

/** The heads that are drawn, each with its color. */
export const layers = computed(() => {
	const colors = headColors(currentMap.value.heads.length);
	return shownHeads.value.map(({ matrix, map, head, name, combine }) => ({
		matrix,
		scale: scaleOf(map, matrix).scale,
		color: combine ? colors[0] : colors[head],
		name,
	}));
});

/** The token whose lines alone are drawn: a previewed one, else a selected one. */
export const markedToken = computed(() => {
	const main = mainHead.value;
	if (!main) return null;
	const { q, k } = settings.value;
	const { row, column } = mainCell.value;
	const query = { side: /** @type {const} */ ("query"), index: row };
	const key = { side: /** @type {const} */ ("key"), index: column };
	if (hovered.value.q >= 0 && q < 0) return query;
	if (hovered.value.k >= 0 && k < 0) return key;
	if (q >= 0) return query;
	return k >= 0 ? key : null;
});

const boxes = computed(() => {
	const marked = markedToken.value;
	const isSeveral = layers.value.length > 1;
	return new Map((marked && isSeveral ? headBoxes(layers.value, marked) : []).map(({ index, boxes: all }) => [index, all]));
});

/**
 * The weights of the heads on a token, as small boxes, where the other side is marked.
 * @param {{side: "query" | "key", index: number}} props
 */
function Boxes({ side, index }) {
	const all = boxes.value.get(index);
	if (!all || markedToken.value?.side === side) return null;
	return html`<span class="boxes" aria-hidden="true">
		${all.map(({ color, value, head, share }) => html`<i title=${`${head} ${weightText(value, 0, precision)}`} style=${{ background: color, opacity: share }}></i>`)}
	</span>`;
}

/**
 * Marks tokens of a side: the marked, the selected and the found ones. Only what changes is set.
 * @param {HTMLElement} host @param {"query" | "key"} side @param {TokenGroup[]} groups
 * @param {Map<number, string>} before the marks of tokens that have any
 */
function markTokens(host, side, groups, before) {
	const marked = markedToken.value;
	const { row, column } = mainCell.value;
	const current = side === "query" ? row : column;
	const isSelected = settings.value[side === "query" ? "q" : "k"] >= 0;
	const matches = found.value[side === "query" ? "queries" : "keys"];
	/** @type {Map<number, string>} */
	const marks = new Map(groups.flatMap(({ members }, i) => (members.some((token) => matches.has(token)) ? [[i, "found"]] : [])));
	const add = (/** @type {number} */ i, /** @type {string} */ mark) => marks.set(i, `${marks.get(i) ?? ""} ${mark}`);
	if (marked?.side === side) add(marked.index, "marked");
	if (current >= 0) add(current, isSelected ? "current selected" : "current");
	for (const i of new Set([...before.keys(), ...marks.keys()])) {
		const node = /** @type {HTMLElement | undefined} */ (host.children[i]?.firstElementChild);
		const now = marks.get(i) ?? "";
		if (!node || before.get(i) === now) continue;
		node.classList.toggle("marked", now.includes("marked"));
		node.classList.toggle("found", now.includes("found"));
		node.setAttribute("aria-pressed", String(now.includes("selected")));
		node.tabIndex = now.includes("current") ? 0 : -1;
	}
	before.clear();
	for (const [i, mark] of marks) before.set(i, mark);
}

const MAX_BOXED = 200; // tokens up to which there are boxes

/** @param {{side: "query" | "key", groups: TokenGroup[], pitch: number}} props */
function Tokens({ side, groups, pitch }) {
	const host = useRef(/** @type {HTMLElement | null} */ (null));
	const marks = useRef(/** @type {Map<number, string>} */ (new Map())).current;
	const field = side === "query" ? "q" : "k";
	const paint = () => {
		if (host.current) markTokens(host.current, side, groups, marks);
	};
	useLayoutEffect(() => {
		marks.clear();
		paint();
	}, [groups]);
	useSignalEffect(paint);
	const indexOf = (/** @type {Event} */ { target }) =>
		Number(/** @type {HTMLElement} */ (target).closest("[data-index]")?.getAttribute("data-index") ?? -1);
	const preview = (/** @type {Event} */ event) => hover({ [field]: groups[indexOf(event)]?.members[0] ?? -1 });
	const focus = (/** @type {Event} */ event) => {
		const [main, i] = [mainHead.peek(), indexOf(event)];
		if (side === "query" && main && i >= 0) announcement.value = describeRow(main.matrix, i, precision);
		preview(event);
	};
	const press = (/** @type {Event} */ event) => indexOf(event) >= 0 && toggle(field, groups[indexOf(event)].members[0]);
	const item = (/** @type {TokenGroup} */ group, /** @type {number} */ i) => html`<li key=${i}>
		<button data-index=${i} title=${`${side} ${positionText(group)}`} aria-pressed="false" ...${stop(false)}
			><bdi>${group.label}</bdi>${groups.length <= MAX_BOXED && html`<${Boxes} side=${side} index=${i} />`}</button>
	</li>`;
	return html`<ol
		class=${side}
		aria-label=${side}
		translate="no"
		style=${{ "--tall": `${pitch}px` }}
		ref=${host}
		onClick=${press}
		onPointerOver=${preview}
		onPointerLeave=${() => hover({})}
		onFocusIn=${focus}
		onFocusOut=${() => hover({})}
	>${groups.map(item)}</ol>`;
}

/** The heads of the layer, of which several can be drawn. */
function Chips() {
	const { heads, head_names: names } = currentMap.value;
	if (heads.length < 2) return null;
	const { head, heads: more } = settings.value;
	const on = new Set([head, ...more.split(",").filter(Boolean).map(Number)]);
	const colors = headColors(heads.length);
	const set = (/** @type {number[]} */ numbers) => {
		const main = numbers.includes(head) ? head : numbers[0];
		if (numbers.length) change({ head: main, heads: numbers.filter((each) => each !== main).join(), combine: "" });
	};
	const flip = (/** @type {number} */ number) => () => set(heads.filter((each) => on.has(each) !== (each === number)));
	const chip = (/** @type {number} */ number, /** @type {number} */ i) => html`<button
		aria-pressed=${on.has(number)}
		style=${{ "--hue": colors[i] }}
		onClick=${flip(number)}
		onDblClick=${() => set([number])}
		title="Click: add or remove. Double click: only this head"
	>${names[i]}</button>`;
	return html`<div class="chips" role="group" aria-label="Heads in the lines">
		<button onClick=${() => set([...heads])}>all</button><button onClick=${() => set([head])}>only ${names[heads.indexOf(head)]}</button>
		${heads.map(chip)}
	</div>`;
}

/** How many lines are drawn, of all. */
const drawn = signal({ drawn: 0, all: 0 });

function LinesNote() {
	const { drawn: n, all } = drawn.value;
	return html`<p class="muted" id="lines-note">${n < all && `Showing the top ${n} of ${pluralize(all, "line")}.`}</p>`;
}

/** @param {{layout: import("./line_painter.js").LineLayout}} props */
function Curves({ layout }) {
	const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
	const paint = () => {
		if (!canvas.current) return;
		const ctx = canvasContext(canvas.current, layout.width, layout.height);
		drawn.value = paintLines(ctx, layers.value, { marked: markedToken.value, layout, theme: theme.value });
	};
	const painting = useRef(paint);
	painting.current = paint;
	useLayoutEffect(paint);
	useSignalEffect(() => painting.current());
	return html`<canvas ref=${canvas} aria-hidden="true"></canvas>`;
}

export function LinesPanel() {
	const main = mainHead.value;
	const host = useRef(/** @type {HTMLElement | null} */ (null));
	const n = main ? Math.max(main.matrix.rows.length, main.matrix.columns.length) : 0;
	const pitch = /** @type {number[]} */ (PITCHES.find(([most]) => n <= most))[1];
	const { q, view } = settings.value;
	const inView = useRef(signal({ width: 0, height: 0, offset: 0 })).current;
	const measure = () => {
		const { clientWidth: width = 0, clientHeight: height = 0, scrollTop: offset = 0 } = host.current ?? {};
		const before = inView.peek();
		if (width !== before.width || height !== before.height || offset !== before.offset) {
			inView.value = { width, height, offset };
		}
	};
	useLayoutEffect(() => {
		if (host.current && main) host.current.scrollTop = pitch * (markedCell(main.matrix).row - 4);
		measure();
	}, [q, view, pitch, n]);
	useLayoutEffect(() => (host.current ? observeSize(host.current, measure) : undefined), [n > 0]);
	const sides = useMemo(() => {
		const { rows, columns } = main?.matrix ?? { rows: [], columns: [] };
		return [html`<${Tokens} side="query" groups=${rows} pitch=${pitch} />`, html`<${Tokens} side="key" groups=${columns} pitch=${pitch} />`];
	}, [main?.matrix.rows, main?.matrix.columns, pitch]); // scrolling does not make them again
	if (!main) return null;
	const { rows, columns } = main.matrix;
	const part = printing.value || !inView.value.height ? {} : inView.value; // print shows all
	const layout = layoutLines(rows.length, columns.length, Math.min(WIDTH, Math.round(0.4 * inView.value.width)), pitch, part);
	return html`<${Chips} /><${LinesNote} />
		<div class="links" ref=${host} onScroll=${measure} onKeyDown=${(/** @type {KeyboardEvent} */ event) => walkStops(event, 1)}>
			${sides[0]}<${Curves} layout=${layout} />${sides[1]}
		</div>`;
}
