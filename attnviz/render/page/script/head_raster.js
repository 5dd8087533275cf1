// A head, or a part of it, as pixels. Cells that share a pixel are max-pooled by magnitude, so that
// no strong weight is lost; pixels whose cells are all masked are transparent.

import { levelTable } from "./level_table.js";

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */
/** @typedef {import("./pool_codes.js").PooledCells} Cells values, masked, isDrawn; rows and columns by number */
/** @typedef {{from: number, to: number}} Range rows or columns; `to` is not included */
/** @typedef {{width: number, height: number, cells: Int32Array}} PooledHead */
/** @typedef {PooledHead & {data: Uint8ClampedArray<ArrayBuffer>}} Raster */
/** @typedef {[number, number, number]} Rgb */

/**
 * The cell that each pixel shows, −1 where all are masked, for at most `wide` × `high` pixels.
 * @param {Cells} matrix
 * @param {Range} rows @param {Range} columns
 * @param {number} wide @param {number} high
 */
export function poolCells({ values, masked, isDrawn, columns: all }, rows, columns, wide, high) {
	const [nRow, nColumn] = [rows.to - rows.from, columns.to - columns.from];
	const width = Math.max(1, Math.min(nColumn, Math.floor(wide)));
	const height = Math.max(1, Math.min(nRow, Math.floor(high)));
	const cells = new Int32Array(width * height).fill(-1);
	if (width === nColumn && height === nRow) {
		// One cell per pixel: nothing is pooled.
		for (let r = 0, pixel = 0; r < nRow; r++) {
			let cell = (rows.from + r) * all.length + columns.from;
			for (let c = 0; c < nColumn; c++, cell++, pixel++) if (!masked[cell]) cells[pixel] = cell;
		}
		return { width, height, cells };
	}
	const largest = new Float64Array(width * height).fill(-1);
	const pixelOf = Int32Array.from({ length: nColumn }, (_, c) => Math.floor((c * width) / nColumn));
	for (let r = 0; r < nRow; r++) {
		const start = Math.floor((r * height) / nRow) * width;
		let cell = (rows.from + r) * all.length + columns.from;
		for (let c = 0; c < nColumn; c++, cell++) {
			if (masked[cell]) continue;
			const value = values[cell];
			// Cells that are not drawn are smaller than a drawn weight of 0.
			const size = isDrawn[cell] ? (value < 0 ? -value : value) : -0.5;
			const pixel = start + pixelOf[c];
			if (size > largest[pixel]) {
				largest[pixel] = size;
				cells[pixel] = cell;
			}
		}
	}
	return { width, height, cells };
}

/**
 * The pixels of a part of a head.
 * @param {Cells} matrix @param {ColorScale} scale
 * @param {Range} rows @param {Range} columns
 * @param {number} wide @param {number} high the most pixels
 * @param {Rgb} ground the color of cells that are not drawn
 * @returns {Raster}
 */
export function rasterize(matrix, scale, rows, columns, wide, high, ground) {
	const { width, height, cells } = poolCells(matrix, rows, columns, wide, high);
	const { values, isDrawn } = matrix;
	const colors = opaqueColors(scale.colors);
	const table = levelTable(scale);
	const [blank] = opaqueColors(Uint8Array.of(...ground, 0));
	const pixels = new Uint32Array(width * height); // a pixel at a time, not a byte
	for (let pixel = 0; pixel < cells.length; pixel++) {
		const cell = cells[pixel];
		if (cell >= 0) pixels[pixel] = isDrawn[cell] ? colors[table.level(values[cell])] : blank;
	}
	return { width, height, cells, data: new Uint8ClampedArray(pixels.buffer) };
}

/** The last colors, as pixels. @type {WeakMap<Uint8Array, Uint32Array>} */
const opaque = new WeakMap();

/** Colors (red, green, blue, anything) as pixels without transparency. @param {Uint8Array} colors */
function opaqueColors(colors) {
	const known = opaque.get(colors);
	if (known) return known;
	const bytes = Uint8Array.from(colors, (byte, i) => (i % 4 === 3 ? 255 : byte));
	const pixels = new Uint32Array(bytes.buffer);
	opaque.set(colors, pixels);
	return pixels;
}

/** All rows or columns. @param {{length: number}} groups @returns {Range} */
export const wholeRange = ({ length }) => ({ from: 0, to: length });

/** Red, green and blue of a CSS color "rgb(…)" or "#rrggbb". @param {string} css @returns {Rgb} */
export function parseRgb(css) {
	const hex = /^#([0-9a-f]{6})$/i.exec(css)?.[1];
	const parts = hex ? hex.match(/../g)?.map((part) => parseInt(part, 16)) : css.match(/\d+/g)?.map(Number);
	if (!parts || parts.length < 3) throw new RangeError(`"${css}" is no color as rgb(…) or #rrggbb.`);
	return [parts[0], parts[1], parts[2]];
}
