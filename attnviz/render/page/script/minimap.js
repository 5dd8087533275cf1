// Minimap: the whole head in a corner, with a frame around the part in view.

import { linesOf } from "./crosshair.js";
import { clampTransform } from "./map_layout.js";
import { thumbnailPixels, thumbnailSize } from "./thumbnail.js";

/** @typedef {import("./heatmap_painter.js").HeatmapPainter} HeatmapPainter */
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

/** The pictures of heads, by their painters. @type {WeakMap<HeatmapPainter, {key: string, image: HTMLCanvasElement}>} */
const pictures = new WeakMap();

/**
 * Paints the head into a square of `size` CSS pixels, with the frame of the part in view.
 * @param {CanvasRenderingContext2D} ctx @param {HeatmapPainter} painter
 * @param {number} size @param {Transform} transform @param {Theme} theme
 */
export function paintMinimap(ctx, painter, size, transform, theme) {
	const box = thumbnailSize(painter.layout.rows.length, painter.layout.columns.length, size);
	ctx.clearRect(0, 0, size, size);
	ctx.drawImage(pictureOf(painter, box, theme), 0, 0, box.width, box.height);
	const { x, y, w, h } = minimapFrame(painter.layout, transform, box);
	for (const [width, color] of linesOf(theme)) {
		ctx.lineWidth = width;
		ctx.strokeStyle = color;
		ctx.strokeRect(x + 1.5, y + 1.5, Math.max(2, w - 3), Math.max(2, h - 3));
	}
}

/** @param {HeatmapPainter} painter @param {{width: number, height: number}} box @param {Theme} theme */
function pictureOf(painter, { width, height }, theme) {
	const key = [width, height, theme.ground].join();
	const last = pictures.get(painter);
	if (last?.key === key) return last.image;
	const image = document.createElement("canvas");
	Object.assign(image, { width, height });
	const pixels = thumbnailPixels(painter.matrix, painter.scale, width, height, theme);
	image.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
	pictures.set(painter, { key, image });
	return image;
}

/**
 * The transform of the same scale with a point of the minimap in the middle of the view.
 * @param {MapLayout} layout @param {Transform} transform
 * @param {number} size @param {number} px @param {number} py
 */
export function minimapTarget(layout, transform, size, px, py) {
	const { w, h, cell, rows, columns } = layout;
	const { width, height } = thumbnailSize(rows.length, columns.length, size);
	const at = (/** @type {number} */ share, /** @type {number} */ n, /** @type {number} */ room) =>
		room / 2 - share * n * cell * transform.k;
	const [x, y] = [at(px / width, columns.length, w), at(py / height, rows.length, h)];
	return clampTransform(layout, { x, y, k: transform.k });
}
