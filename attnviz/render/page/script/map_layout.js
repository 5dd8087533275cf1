// Layout of a heatmap under a transform {x, y, k}: labels left and above, a margin at the right.
// Column c begins at left + x + c · cell · k, row r at top + y + r · cell · k, in CSS pixels.

import { maxAbs } from "./number_text.js";
import { positionLabel } from "./token_labels.js";

/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */
/** @typedef {import("./weight_matrix.js").Margin} Margin */
/** @typedef {{x: number, y: number, k: number}} Transform as that of d3-zoom, over the area of cells */
/** @typedef {{rows: TokenGroup[], columns: TokenGroup[], margin: Margin | null}} LabeledMatrix */

/**
 * @typedef {object} MapLayout
 * @property {number} width @property {number} height
 * @property {number} left @property {number} top where the area of cells begins
 * @property {number} w @property {number} h the size of that area
 * @property {number} right @property {number} bottom where the cells end at k = 1
 * @property {number} cell the size of a cell at k = 1, where all cells fit
 * @property {string[]} rows @property {string[]} columns labels that fit
 * @property {number} turn the angle of the column labels
 */

const FAMILY = "px system-ui, sans-serif";
const MAX_CELL = 80;
const [MIN_FONT, FONT] = [10, 13];
const MARGIN = 72; // the width of the bars of row sums

/** The font of labels and numbers. @param {number} size @param {boolean} [bold] */
export const fontOf = (size, bold = false) =>
	`${bold ? "600 " : ""}${Math.max(MIN_FONT, Math.min(FONT, size))}${FAMILY}`;

/**
 * A label, with an ellipsis where it is wider than `most`.
 * @param {string} text @param {number} most @param {(text: string) => number} measure
 */
export function fitLabel(text, most, measure) {
	if (text.length < 99 && measure(text) <= most) return text;
	const parts = Array.from(new Intl.Segmenter().segment(text.slice(0, 99)), (s) => s.segment);
	while (parts.length && measure(`${parts.join("")}…`) > most) parts.pop();
	return `${parts.join("")}…`;
}

/**
 * Fits a heatmap into `width` × `height` at k = 1. Column labels are horizontal if cells are wide
 * enough, else diagonal, vertical if even those would overlap. `labels: false`: cells only;
 * `margin: true`: with the room of row sums, so that maps side by side have equal cells.
 * @param {LabeledMatrix} matrix @param {number} width @param {number} height
 * @param {(text: string) => number} measure the width of a text in the font of labels, bold
 * @param {{labels?: boolean, margin?: boolean}} [options]
 * @returns {MapLayout}
 */
export function layoutMap(matrix, width, height, measure, { labels = true, margin = false } = {}) {
	const most = width < 480 ? 84 : 132;
	const texts = (/** @type {TokenGroup[]} */ groups) =>
		groups.map((_, i) => (labels ? fitLabel(positionLabel(groups, i), most, measure) : ""));
	const [rows, columns] = [texts(matrix.rows), texts(matrix.columns)];
	const widest = (/** @type {string[]} */ list) => (labels ? Math.ceil(maxAbs(list.map(measure))) : 0);
	const [left, longest] = [labels ? widest(rows) + 14 : 0, widest(columns)];
	const layoutAt = (/** @type {number} */ turn) => {
		const overhang = 0.7 * longest * Math.sin(2 * turn);
		const bars = margin || matrix.margin ? MARGIN : 4;
		const beside = labels ? Math.max(bars, overhang) : 0;
		const top = labels ? longest * Math.sin(turn) + (turn ? 16 : 26) : 0;
		const [w, h] = [Math.max(1, width - left - beside), Math.max(1, height - top - 2)];
		const cell = Math.min(MAX_CELL, w / Math.max(1, columns.length), h / Math.max(1, rows.length));
		const fitted = cell > 4 ? Math.floor(cell) : cell;
		const [right, bottom] = [left + fitted * columns.length, top + fitted * rows.length];
		return { width, height, left, top, right, bottom, w, h, cell: fitted, rows, columns, turn };
	};
	const [horizontal, diagonal, vertical] = [0, Math.PI / 4, Math.PI / 2].map(layoutAt);
	if (!labels || horizontal.cell >= longest + 6) return horizontal;
	return diagonal.cell >= 1.5 * FONT ? diagonal : vertical;
}

/** The whole map. @type {Transform} */
export const WHOLE = { x: 0, y: 0, k: 1 };

/** The largest k: cells of 80 pixels. @param {MapLayout} layout */
export const maxScale = ({ cell }) => Math.max(1, MAX_CELL / cell);

/**
 * The rows or columns in view.
 * @param {number} n @param {number} cell on screen @param {number} offset x or y
 * @param {number} room w or h
 * @returns {{from: number, to: number}}
 */
export function visibleRange(n, cell, offset, room) {
	const from = Math.min(n, Math.max(0, Math.floor(-offset / cell)));
	return { from, to: Math.max(from, Math.min(n, Math.ceil((room - offset) / cell))) };
}

/**
 * A transform without empty room beside the cells.
 * @param {MapLayout} layout @param {Transform} transform
 * @returns {Transform}
 */
export function clampTransform(layout, { x, y, k }) {
	const scale = Math.min(maxScale(layout), Math.max(1, k));
	const size = layout.cell * scale;
	const clamp = (/** @type {number} */ at, /** @type {number} */ n, /** @type {number} */ room) =>
		Math.min(0, Math.max(Math.min(0, room - n * size), at));
	return {
		x: clamp(x, layout.columns.length, layout.w),
		y: clamp(y, layout.rows.length, layout.h),
		k: scale,
	};
}

/**
 * The row and column at a point of the canvas, −1 outside; beside the cells, as over a label, one
 * of the two.
 * @param {MapLayout} layout @param {Transform} transform @param {number} px @param {number} py
 */
export function cellAt({ left, top, w, h, cell, rows, columns }, { x, y, k }, px, py) {
	const column = Math.floor((px - left - x) / (cell * k));
	const row = Math.floor((py - top - y) / (cell * k));
	const isRow = py >= top && py < top + h && row >= 0 && row < rows.length;
	const isColumn = px >= left && px < left + w && column >= 0 && column < columns.length;
	return { row: isRow ? row : -1, column: isColumn ? column : -1 };
}

/**
 * The transform of the same scale, moved as little as needed to show a cell.
 * @param {MapLayout} layout @param {Transform} transform @param {number} row @param {number} column
 */
export function keepInView(layout, transform, row, column) {
	const size = layout.cell * transform.k;
	const near = (/** @type {number} */ at, /** @type {number} */ i, /** @type {number} */ room) =>
		Math.max(-i * size, Math.min(at, room - (i + 1) * size));
	const x = column < 0 ? transform.x : near(transform.x, column, layout.w);
	const y = row < 0 ? transform.y : near(transform.y, row, layout.h);
	if (x === transform.x && y === transform.y) return transform;
	return clampTransform(layout, { x, y, k: transform.k });
}

/**
 * The positions whose labels do not overlap: the marked ones before all others, in their order.
 * @param {{from: number, to: number}} range @param {number} cell on screen @param {number[]} marked
 */
export function thinLabels({ from, to }, cell, marked) {
	const step = Math.ceil((MIN_FONT + 1) / cell);
	const all = Array.from({ length: to - from }, (_, i) => from + i);
	const isFar = (/** @type {number} */ i) => (/** @type {number} */ other) => Math.abs(i - other) >= step;
	/** @type {number[]} */
	const first = [];
	for (const i of marked) if (i >= 0 && first.every(isFar(i))) first.push(i);
	return all.filter((i) => first.includes(i) || (i % step === 0 && first.every(isFar(i))));
}

/** Rows or columns before which a new segment begins. @param {{segment?: number}[]} groups */
export const segmentStarts = (groups) =>
	[...groups.keys()].filter((i) => i > 0 && groups[i].segment !== groups[i - 1].segment);
