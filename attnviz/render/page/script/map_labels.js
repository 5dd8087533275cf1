// Labels of the rows and columns in view; those of marked cells are always drawn.

import { fontOf, thinLabels } from "./map_layout.js";

/** @typedef {import("./heatmap_painter.js").Area} Area */
/** @typedef {import("./heatmap_painter.js").Cell} Cell */
/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {import("./heatmap_painter.js").Theme} Theme */
/** @typedef {import("./map_layout.js").MapLayout} MapLayout */

/**
 * @param {Context} ctx @param {MapLayout} layout @param {Area} area
 * @param {Cell[]} marks @param {Theme} theme
 */
export function paintLabels(ctx, layout, area, marks, theme) {
	const { left, top, w, h, turn, rows, columns } = layout;
	const { x, y, cell } = area;
	if (!left) return;
	const markedRows = marks.map(({ row }) => row);
	const markedColumns = marks.map(({ column }) => column);
	for (const r of thinLabels(area.rows, cell, markedRows)) {
		const middle = y + (r + 0.5) * cell;
		if (middle < top || middle > top + h) continue;
		const color = markedRows.includes(r) ? theme.accent : theme.ink;
		ctx.font = fontOf(cell - 1, markedRows.includes(r));
		paintText(ctx, rows[r], left - 8, middle, { align: "right", turn: 0, color });
	}
	for (const c of thinLabels(area.columns, cell, markedColumns)) {
		const middle = x + (c + 0.5) * cell;
		if (middle < left || middle > left + w) continue;
		const color = markedColumns.includes(c) ? theme.accent : theme.ink;
		ctx.font = fontOf(cell - 1, markedColumns.includes(c));
		paintText(ctx, columns[c], middle, top - 10, { align: turn ? "left" : "center", turn, color });
	}
}

/**
 * One label in the font of the context.
 * @param {Context} ctx @param {string} text @param {number} x @param {number} y
 * @param {{align: CanvasTextAlign, turn: number, color: string}} how
 */
function paintText(ctx, text, x, y, { align, turn, color }) {
	ctx.save();
	ctx.translate(x, y);
	if (turn) ctx.rotate(-turn);
	ctx.textAlign = align;
	ctx.textBaseline = "middle";
	ctx.fillStyle = color;
	ctx.fillText(text, 0, 0);
	ctx.restore();
}
