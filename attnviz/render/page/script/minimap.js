// Minimap: the whole head in a corner, with a frame around the part in view.

import { linesOf } from "./crosshair.js";
import { clampTransform } from "./map_layout.js";

/** @typedef {import("./heatmap_painter.js").Theme} Theme */
/** @typedef {import("./map_layout.js").MapLayout} MapLayout */
/** @typedef {import("./map_layout.js").Transform} Transform */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */

/**
 * The frame of the part in view, on a minimap of the given size.
 * @param {MapLayout} layout @param {Transform} transform
 * @param {{width: number, height: number}} size
 * @returns {Box}
 */
export function minimapFrame({ w, h, cell, rows, columns }, { x, y, k }, { width, height }) {
	const [all, down] = [columns.length * cell * k, rows.length * cell * k];
	return {
		x: (width * -x) / all,
		y: (height * -y) / down,
		w: width * Math.min(1, w / all),
		h: height * Math.min(1, h / down),
	};
}

/** Whether a part of the map is out of view. @param {MapLayout} layout @param {Transform} transform */
export const isPartial = ({ w, h, cell, rows, columns }, { k }) =>
	columns.length * cell * k > w + 0.5 || rows.length * cell * k > h + 0.5;

/**
 * Draws the frame on a canvas over the picture of the head.
 * @param {CanvasRenderingContext2D} ctx @param {Box} frame @param {Theme} theme
 */
export function paintMinimapFrame(ctx, { x, y, w, h }, theme) {
	for (const [width, color] of linesOf(theme)) {
		ctx.lineWidth = width;
		ctx.strokeStyle = color;
		ctx.strokeRect(x + 1.5, y + 1.5, Math.max(2, w - 3), Math.max(2, h - 3));
	}
}

/**
 * The transform of the same scale with a point of the minimap in the middle of the view.
 * @param {MapLayout} layout @param {Transform} transform
 * @param {{width: number, height: number}} size @param {number} px @param {number} py
 */
export function minimapTarget(layout, transform, { width, height }, px, py) {
	const { w, h, cell, rows, columns } = layout;
	const at = (/** @type {number} */ share, /** @type {number} */ n, /** @type {number} */ room) =>
		room / 2 - share * n * cell * transform.k;
	const [x, y] = [at(px / width, columns.length, w), at(py / height, rows.length, h)];
	return clampTransform(layout, { x, y, k: transform.k });
}
