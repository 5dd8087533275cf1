// Paints the visible part of a head as a heatmap. Rows: queries. Columns: keys.

import { parseRgb, poolCells, rasterize } from "./head_raster.js";
import { paintBars, paintGaps, paintNumbers, paintBorders, fillHatch } from "./heatmap_parts.js";
import { paintCrosshair, paintFrame } from "./crosshair.js";
import { paintLabels } from "./map_labels.js";
import { segmentStarts, visibleRange } from "./map_layout.js";

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */
/** @typedef {import("./head_raster.js").Range} Range */
/** @typedef {import("./map_layout.js").MapLayout} MapLayout */
/** @typedef {import("./map_layout.js").Transform} Transform */
/** @typedef {import("./svg_context.js").SvgContext} SvgContext */
/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */
/** @typedef {CanvasRenderingContext2D | SvgContext} Context */

/**
 * @typedef {object} Theme CSS colors, as rgb(…) or #rrggbb
 * @property {string} ground @property {string} ink @property {string} muted
 * @property {string} accent @property {string} hatch
 */

/** @typedef {{row: number, column: number}} Cell −1: none */

/**
 * @typedef {object} PaintOptions
 * @property {Cell} [chosen] the chosen cell
 * @property {{rows: Iterable<number>, columns: Iterable<number>}} [found] by a search
 * @property {{queries: number[], keys: number[]}} [borders] tokens before which a line is drawn
 * @property {number} [precision] decimals of the numbers in cells
 */

/**
 * @typedef {object} Area the cells on the canvas
 * @property {number} x @property {number} y where row 0 and column 0 begin
 * @property {number} w @property {number} h the size of all cells
 * @property {number} cell @property {Range} rows @property {Range} columns in view
 */

const NONE = { row: -1, column: -1 };
const [MIN_GAPS, MIN_NUMBERS] = [7, 40]; // cells of this size have gaps, and numbers

export class HeatmapPainter {
	/** The raster of the part in view. @type {{key: string, image: HTMLCanvasElement} | null} */
	raster = null;

	/**
	 * @param {WeightMatrix} matrix @param {MapLayout} layout @param {ColorScale} scale
	 * @param {HeatmapPainter | null} [before] one that is no longer used, whose canvas is
	 */
	constructor(matrix, layout, scale, before = null) {
		this.matrix = matrix;
		this.layout = layout;
		this.scale = scale;
		if (before?.raster) this.raster = { key: "", image: before.raster.image };
	}

	/** The cells on the canvas. @param {Transform} transform @returns {Area} */
	area({ x, y, k }) {
		const { left, top, w, h, cell, rows, columns } = this.layout;
		const size = cell * k;
		return {
			x: left + x,
			y: top + y,
			w: columns.length * size,
			h: rows.length * size,
			cell: size,
			rows: visibleRange(rows.length, size, y, h),
			columns: visibleRange(columns.length, size, x, w),
		};
	}

	/**
	 * Paints all, in CSS pixels of a context that is scaled to device pixels by `ratio`.
	 * @param {Context} ctx @param {Transform} transform
	 * @param {Cell} mark the cell under the pointer, or of the keyboard @param {Theme} theme
	 * @param {PaintOptions} [options] @param {number} [ratio]
	 */
	paint(ctx, transform, mark, theme, options = {}, ratio = 1) {
		const { matrix, layout } = this;
		const { chosen = NONE, precision = 3 } = options;
		const found = [...(options.found?.rows ?? [])].map((row) => ({ row, column: -1 }));
		found.push(...[...(options.found?.columns ?? [])].map((column) => ({ row: -1, column })));
		const area = this.area(transform);
		ctx.clearRect(0, 0, layout.width, layout.height);
		clip(ctx, [layout.left, layout.top, layout.w, layout.h], () => {
			this.paintCells(ctx, area, theme, ratio);
			if (area.cell >= MIN_GAPS) paintGaps(ctx, area, theme);
			paintBorders(ctx, area, this.bordersOf(options), theme);
			if (area.cell >= MIN_NUMBERS) paintNumbers(ctx, matrix, this.scale, area, precision);
			for (const line of found) paintCrosshair(ctx, area, line, theme);
			paintCrosshair(ctx, area, mark, theme);
			paintFrame(ctx, area, chosen, theme);
			paintFrame(ctx, area, mark, theme);
		});
		if (matrix.margin) paintBars(ctx, matrix.margin, area, layout, mark.row, theme, precision);
		paintLabels(ctx, layout, area, [mark, chosen, ...found], theme);
	}

	/** Rows and columns before which a line is drawn. @param {PaintOptions} options */
	bordersOf({ borders }) {
		const { rows, columns, rowOf, columnOf } = this.matrix;
		if (!borders) return { rows: segmentStarts(rows), columns: segmentStarts(columns) };
		const groups = (/** @type {number[]} */ of, /** @type {number[]} */ positions) =>
			positions.map((position) => firstShown(of, position)).filter((group) => group > 0);
		return { rows: groups(rowOf, borders.queries), columns: groups(columnOf, borders.keys) };
	}

	/** @param {Context} ctx @param {Area} area @param {Theme} theme @param {number} ratio */
	paintCells(ctx, area, theme, ratio) {
		const { rows, columns, cell } = area;
		const [nRow, nColumn] = [rows.to - rows.from, columns.to - columns.from];
		if (!nRow || !nColumn) return;
		const [x, y] = [area.x + columns.from * cell, area.y + rows.from * cell];
		const box = { x, y, w: nColumn * cell, h: nRow * cell };
		if (this.matrix.masked.includes(1)) fillHatch(ctx, box, theme);
		if ("markup" in ctx) return this.paintVector(ctx, area, box, theme);
		ctx.imageSmoothingEnabled = false;
		ctx.drawImage(this.image(area, theme, ratio), box.x, box.y, box.w, box.h);
	}

	/** The part in view as an image; made again only when other cells come into view. */
	image(/** @type {Area} */ { rows, columns, cell }, /** @type {Theme} */ theme, /** @type {number} */ ratio) {
		const [nRow, nColumn] = [rows.to - rows.from, columns.to - columns.from];
		const size = Math.min(1, cell * ratio); // pixels per cell, at most one
		const key = [rows.from, rows.to, columns.from, columns.to, size, theme.ground].join();
		if (this.raster?.key === key) return this.raster.image;
		const [wide, high] = [nColumn, nRow].map((n) => Math.max(1, Math.round(n * size)));
		const { matrix, scale } = this;
		const ground = parseRgb(theme.ground);
		const { width, height, data } = rasterize(matrix, scale, rows, columns, wide, high, ground);
		const image = this.raster?.image ?? document.createElement("canvas");
		Object.assign(image, { width, height });
		image.getContext("2d")?.putImageData(new ImageData(data, width, height), 0, 0);
		this.raster = { key, image };
		return image;
	}

	/** Cells as rectangles, neighbours of one color as one. */
	paintVector(
		/** @type {SvgContext} */ ctx,
		/** @type {Area} */ { rows, columns },
		/** @type {{x: number, y: number, w: number, h: number}} */ box,
		/** @type {Theme} */ theme,
	) {
		const { matrix, scale } = this;
		const { width, height, cells } = poolCells(matrix, rows, columns, box.w, box.h);
		const [w, h] = [box.w / width, box.h / height];
		const colorOf = (/** @type {number} */ cell) =>
			cell < 0 ? "" : matrix.isDrawn[cell] ? scale.css(matrix.values[cell]) : theme.ground;
		for (let line = 0; line < height; line++) {
			for (let from = 0, to = 0; from < width; from = to) {
				const color = colorOf(cells[line * width + from]);
				while (to < width && colorOf(cells[line * width + to]) === color) to += 1;
				ctx.fillStyle = color;
				if (color) ctx.fillRect(box.x + from * w, box.y + line * h, (to - from) * w, h);
			}
		}
	}
}

/**
 * The group of the first token from a position on that is shown.
 * @param {number[]} of @param {number} position
 */
function firstShown(of, position) {
	const shown = of.slice(position).find((group) => group >= 0);
	return shown ?? -1;
}

/** @param {Context} ctx @param {[number, number, number, number]} box @param {() => void} paint */
export function clip(ctx, box, paint) {
	ctx.save();
	ctx.beginPath();
	ctx.rect(...box);
	ctx.clip();
	paint();
	ctx.restore();
}
