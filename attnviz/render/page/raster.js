// A head as a picture with one pixel a cell, to be drawn at any size.
// Hidden cells stay transparent: what lies below shows them as hidden, and not as 0.

import { tint } from "./colour.js";
import { el } from "./dom.js";

/**
 * The picture, at most `wide` × `high`: where several cells share a pixel, the one of the largest
 * magnitude is seen, so that no strong weight is lost between two pixels.
 */
export function raster({ rows, columns, values, hidden, kept, scale }, wide, high) {
	const width = Math.max(1, Math.min(columns.length, Math.floor(wide)));
	const height = Math.max(1, Math.min(rows.length, Math.floor(high)));
	const seen = new Int32Array(width * height).fill(-1); // the cell that each pixel shows
	const size = (at) => (at < 0 ? -1 : kept[at] * Math.abs(values[at])); // sieved out: as 0
	values.forEach((_, at) => {
		if (hidden[at]) return;
		const [row, column] = [Math.floor(at / columns.length), at % columns.length];
		const line = Math.floor((row * height) / rows.length);
		const pixel = line * width + Math.floor((column * width) / columns.length);
		if (size(at) > size(seen[pixel])) seen[pixel] = at;
	});
	const image = new ImageData(width, height);
	const plain = tint("ground").match(/\d+/g).slice(0, 3);
	seen.forEach((at, pixel) => {
		if (at < 0) return;
		image.data.set(kept[at] ? scale.bytes(values[at]) : plain, 4 * pixel);
		image.data[4 * pixel + 3] = 255;
	});
	const canvas = el("canvas", { width, height });
	canvas.getContext("2d").putImageData(image, 0, 0);
	return canvas;
}

/** Fills a place with slanted lines: what is hidden. */
export function hatched(pen, x, y, w, h) {
	const tile = el("canvas", { width: 6, height: 6 });
	const lines = tile.getContext("2d");
	lines.fillStyle = tint("hatch");
	for (let at = 0; at < 6; at++) lines.fillRect(at, 5 - at, 1, 1);
	pen.fillStyle = pen.createPattern(tile, "repeat");
	pen.fillRect(x, y, w, h);
}

/** Makes a canvas so many CSS pixels large, sharp on every screen, and gives its pen. */
export function sized(canvas, w, h) {
	const dense = Math.max(1, devicePixelRatio);
	Object.assign(canvas, { width: Math.round(w * dense), height: Math.round(h * dense) });
	Object.assign(canvas.style, { width: `${w}px`, height: `${h}px` });
	const pen = canvas.getContext("2d");
	pen.scale(dense, dense);
	pen.imageSmoothingEnabled = false;
	return pen;
}
