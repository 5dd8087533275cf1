// @ts-nocheck
// Layout of a heatmap: cells, labels and margin, in CSS pixels.

import { el } from "./dom.js";
import { maxAbs } from "./format.js";

const FAMILY = "px system-ui, sans-serif";
const MAX_CELL = 80;
const [MIN_FONT, FONT] = [10, 13];

const ruler = el("canvas").getContext("2d");

function textWidth(text) {
	ruler.font = `600 ${FONT}${FAMILY}`;
	return ruler.measureText(text).width;
}

/** A label, with an ellipsis where it is too long. */
function fitLabel(text, most) {
	if (textWidth(text) <= most) return text;
	const units = Array.from(new Intl.Segmenter().segment(text.slice(0, 99)), (s) => s.segment);
	while (units.length && textWidth(`${units.join("")}…`) > most) units.pop();
	return `${units.join("")}…`;
}

/**
 * Fits a heatmap into `width` × `height` at `zoom` 1. Column labels are horizontal if cells are
 * wide enough, else diagonal, vertical if even those would overlap.
 */
export function layoutHeatmap(matrix, width, height, zoom = 1) {
	const labels = (groups) => groups.map(({ label }) => fitLabel(label, width < 480 ? 84 : 132));
	const widest = (texts) => Math.ceil(maxAbs(texts.map(textWidth)));
	const [rows, columns] = [labels(matrix.rows), labels(matrix.columns)];
	const [left, longest] = [widest(rows) + 14, widest(columns)];
	const layoutAt = (turn) => {
		const right = Math.max(matrix.margin ? 72 : 4, 0.7 * longest * Math.sin(2 * turn));
		const top = longest * Math.sin(turn) + (turn ? 16 : 26);
		const [across, down] = [(width - left - right) / columns.length, (height - top) / rows.length];
		const room = Math.min(MAX_CELL, Math.max(1, Math.min(across, down, MAX_CELL)) * zoom);
		const cell = room > 4 ? Math.floor(room) : room;
		const font = `${Math.max(MIN_FONT, Math.min(FONT, cell - 1))}${FAMILY}`;
		const size = { w: left + cell * columns.length + right, h: top + cell * rows.length + 2 };
		return { rows, columns, left, top, cell, turn, font, ...size };
	};
	const [horizontal, diagonal, vertical] = [0, Math.PI / 4, Math.PI / 2].map(layoutAt);
	if (horizontal.cell >= longest + 6) return horizontal;
	return diagonal.cell >= 1.5 * FONT ? diagonal : vertical;
}

/** Indices of the `n` cells along an axis that are in view. */
export function visibleRange(n, cell, scrolled, room) {
	const from = Math.max(0, Math.floor(scrolled / cell));
	const to = Math.min(n, Math.ceil((scrolled + room) / cell));
	return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

/** The indices whose labels do not overlap, and always the marked one. */
export function thinLabels(indices, cell, marked) {
	const step = Math.ceil((MIN_FONT + 1) / cell);
	const clear = (i) => i % step === 0 && (marked < 0 || Math.abs(i - marked) >= step);
	return indices.filter((i) => i === marked || clear(i));
}

/** The rows or columns at which a new segment begins. */
export const segmentStarts = (groups) =>
	[...groups.keys()].filter((i) => i && groups[i].segment !== groups[i - 1].segment);
