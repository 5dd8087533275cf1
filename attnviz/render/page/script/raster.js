// @ts-nocheck
// A head as an image of one pixel per cell, which is scaled when drawn.
// Masked cells stay transparent: the hatch below them shows, not the color of 0.

import { themeColor } from "./color.js";
import { el } from "./dom.js";

/** The image, at most `wide` × `high`: cells that share a pixel are max-pooled by magnitude. */
export function rasterize({ rows, columns, values, masked, isDrawn, scale }, wide, high) {
	const width = Math.max(1, Math.min(columns.length, Math.floor(wide)));
	const height = Math.max(1, Math.min(rows.length, Math.floor(high)));
	const cells = new Int32Array(width * height).fill(-1); // the cell that each pixel shows
	const size = (cell) => (cell < 0 ? -1 : isDrawn[cell] * Math.abs(values[cell])); // not drawn: 0
	values.forEach((_, cell) => {
		if (masked[cell]) return;
		const [row, column] = [Math.floor(cell / columns.length), cell % columns.length];
		const line = Math.floor((row * height) / rows.length);
		const pixel = line * width + Math.floor((column * width) / columns.length);
		if (size(cell) > size(cells[pixel])) cells[pixel] = cell;
	});
	const image = new ImageData(width, height);
	const ground = themeColor("ground").match(/\d+/g).slice(0, 3);
	cells.forEach((cell, pixel) => {
		if (cell < 0) return;
		image.data.set(isDrawn[cell] ? scale.bytes(values[cell]) : ground, 4 * pixel);
		image.data[4 * pixel + 3] = 255;
	});
	const canvas = el("canvas", { width, height });
	canvas.getContext("2d").putImageData(image, 0, 0);
	return canvas;
}

/** Fills a rectangle with the hatch of masked cells. */
export function fillHatch(ctx, x, y, w, h) {
	const tile = el("canvas", { width: 6, height: 6 });
	const lines = tile.getContext("2d");
	lines.fillStyle = themeColor("hatch");
	for (let i = 0; i < 6; i++) lines.fillRect(i, 5 - i, 1, 1);
	ctx.fillStyle = ctx.createPattern(tile, "repeat");
	ctx.fillRect(x, y, w, h);
}

/** Resizes a canvas, in CSS pixels, and returns its context. */
export function resizeCanvas(canvas, w, h) {
	const ratio = Math.max(1, devicePixelRatio);
	Object.assign(canvas, { width: Math.round(w * ratio), height: Math.round(h * ratio) });
	Object.assign(canvas.style, { width: `${w}px`, height: `${h}px` });
	const ctx = canvas.getContext("2d");
	ctx.scale(ratio, ratio);
	ctx.imageSmoothingEnabled = false;
	return ctx;
}
