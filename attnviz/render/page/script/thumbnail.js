// The picture of a whole head in a few pixels, as one image: colors, and the hatch of masked cells.

import { parseRgb, rasterize, wholeRange } from "./head_raster.js";

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */
/** @typedef {import("./head_raster.js").Cells} Cells */
/** @typedef {{ground: string, hatch: string}} ThumbnailTheme CSS colors */

export const HATCH = 6; // pixels between the lines of the hatch

/**
 * The size of the picture of a head in a square, in pixels: cells are square.
 * @param {number} nRow @param {number} nColumn @param {number} size
 */
export function thumbnailSize(nRow, nColumn, size) {
	const unit = size / Math.max(nRow, nColumn, 1);
	const [width, height] = [nColumn, nRow].map((n) => Math.max(4, Math.round(unit * n)));
	return { width, height };
}

/**
 * The pixels of a head, scaled to exactly `width` × `height`.
 * @param {Cells} matrix @param {ColorScale} scale
 * @param {number} width @param {number} height
 * @param {ThumbnailTheme} theme
 * @returns {Uint8ClampedArray<ArrayBuffer>} red, green, blue, alpha
 */
export function thumbnailPixels(matrix, scale, width, height, theme) {
	const [ground, hatch] = [parseRgb(theme.ground), parseRgb(theme.hatch)];
	const [rows, columns] = [wholeRange(matrix.rows), wholeRange(matrix.columns)];
	const raster = rasterize(matrix, scale, rows, columns, width, height, ground);
	const pixels = new Uint8ClampedArray(4 * width * height);
	for (let y = 0, at = 0; y < height; y++) {
		const line = Math.floor((y * raster.height) / height) * raster.width;
		for (let x = 0; x < width; x++, at += 4) {
			const from = 4 * (line + Math.floor((x * raster.width) / width));
			const isMasked = raster.data[from + 3] === 0;
			const color = (x + y) % HATCH === HATCH - 1 ? hatch : ground;
			for (let i = 0; i < 3; i++) pixels[at + i] = isMasked ? color[i] : raster.data[from + i];
			pixels[at + 3] = 255;
		}
	}
	return pixels;
}

/**
 * Draws a head into a rectangle of a canvas, in device pixels. One canvas for all heads is drawn
 * faster than one per head.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Cells} matrix @param {ColorScale} scale
 * @param {{x?: number, y?: number, width: number, height: number}} box
 * @param {ThumbnailTheme} theme
 */
export function paintThumbnail(ctx, matrix, scale, { x = 0, y = 0, width, height }, theme) {
	const pixels = thumbnailPixels(matrix, scale, width, height, theme);
	ctx.putImageData(new ImageData(pixels, width, height), x, y);
}

/**
 * Marks rows and columns by a line of one pixel, at shares of the height and width.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{rows: number[], columns: number[]}} shares from 0 to 1
 * @param {{x: number, y: number, width: number, height: number}} box @param {string} color
 */
export function paintLinesOf(ctx, { rows, columns }, { x, y, width, height }, color) {
	ctx.fillStyle = color;
	for (const share of rows) ctx.fillRect(x, y + Math.floor(share * height), width, 1);
	for (const share of columns) ctx.fillRect(x + Math.floor(share * width), y, 1, height);
}
