// Parts of a heatmap: hatch, gaps, borders, numbers in cells, bars of row sums.

import { fontOf } from "./map_layout.js";
import { formatNumber, maxAbs } from "./number_text.js";
import { weightText } from "./row_facts.js";

/** @typedef {import("./heatmap_painter.js").Area} Area */
/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {import("./heatmap_painter.js").Theme} Theme */
/** @typedef {import("./color_scale.js").ColorScale} ColorScale */
/** @typedef {import("./map_layout.js").MapLayout} MapLayout */
/** @typedef {import("./weight_matrix.js").Margin} Margin */
/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */

const HATCH = 6; // pixels between the lines of the hatch
const BAR = 52; // the longest bar of row sums

/**
 * Fills a box with the hatch of masked cells.
 * @param {Context} ctx @param {Box} box @param {Theme} theme
 */
export function fillHatch(ctx, { x, y, w, h }, theme) {
	if ("markup" in ctx) return ctx.fillHatch(x, y, w, h, HATCH, theme.hatch);
	const tile = document.createElement("canvas");
	Object.assign(tile, { width: HATCH, height: HATCH });
	const lines = tile.getContext("2d");
	if (!lines) return;
	lines.fillStyle = theme.hatch;
	for (let i = 0; i < HATCH; i++) lines.fillRect(i, HATCH - 1 - i, 1, 1);
	ctx.fillStyle = ctx.createPattern(tile, "repeat") ?? theme.hatch;
	ctx.fillRect(x, y, w, h);
}

/** Lines of one pixel between cells. @param {Context} ctx @param {Area} area @param {Theme} theme */
export function paintGaps(ctx, { x, y, cell, rows, columns }, theme) {
	const [left, top] = [x + columns.from * cell, y + rows.from * cell];
	const [w, h] = [(columns.to - columns.from) * cell, (rows.to - rows.from) * cell];
	ctx.fillStyle = theme.ground;
	for (let c = columns.from; c <= columns.to; c++) ctx.fillRect(Math.round(x + c * cell) - 1, top, 1, h);
	for (let r = rows.from; r <= rows.to; r++) ctx.fillRect(left, Math.round(y + r * cell) - 1, w, 1);
}

/**
 * Lines before rows and columns: where segments or the generated text begin.
 * @param {Context} ctx @param {Area} area
 * @param {{rows: number[], columns: number[]}} borders @param {Theme} theme
 */
export function paintBorders(ctx, { x, y, w, h, cell }, borders, theme) {
	const lines = /** @type {const} */ ([[cell < MIN_WIDE ? 1 : 3, theme.ground], [1, theme.ink]]);
	for (const [width, color] of lines) {
		ctx.fillStyle = color;
		const before = 0.5 + width / 2; // gaps end at the edge of a cell
		for (const c of borders.columns) ctx.fillRect(x + c * cell - before, y, width, h);
		for (const r of borders.rows) ctx.fillRect(x, y + r * cell - before, w, width);
	}
}

const MIN_WIDE = 7; // cells of this size leave room for a border with a halo

/**
 * The weight in each cell, as the page writes it elsewhere, with fewer decimals in narrow cells.
 * @param {Context} ctx @param {WeightMatrix} matrix @param {ColorScale} scale
 * @param {Area} area @param {number} precision
 */
export function paintNumbers(ctx, matrix, scale, { x, y, cell, rows, columns }, precision) {
	const decimals = Math.min(precision, cell < 54 ? 2 : 3);
	ctx.font = fontOf(13);
	ctx.textAlign = "center";
	ctx.textBaseline = "middle";
	for (let r = rows.from; r < rows.to; r++) {
		for (let c = columns.from; c < columns.to; c++) {
			const { value, isDrawn } = matrix.cell(r, c);
			if (!isDrawn) continue;
			ctx.fillStyle = scale.ink(value);
			const text = numberText(value, matrix.least[r], decimals);
			ctx.fillText(text, x + (c + 0.5) * cell, y + (r + 0.5) * cell, cell - 4);
		}
	}
}

/**
 * A rounded weight; one below the stored precision as such where the cell has its decimals.
 * @param {number} value @param {number} least @param {number} decimals
 */
const numberText = (value, least, decimals) =>
	value === 0 && least >= 0.5 * 10 ** -decimals
		? weightText(value, least, decimals)
		: formatNumber(value, decimals);

/**
 * Bars beside the rows: their sum, or their weight on no key. They have a scale of their own.
 * @param {Context} ctx @param {Margin} margin @param {Area} area @param {MapLayout} layout
 * @param {number} marked @param {Theme} theme @param {number} precision
 */
export function paintBars(ctx, { mark, values }, area, layout, marked, theme, precision) {
	const { y, cell, rows } = area;
	const most = Math.max(1, maxAbs(values));
	const isNumbered = cell >= 18;
	const height = isNumbered ? 2 : Math.max(1, cell - 2);
	const start = Math.min(layout.left + layout.w, area.x + area.w) + 12;
	ctx.font = fontOf(13);
	ctx.textAlign = "left";
	ctx.textBaseline = "middle";
	ctx.fillStyle = theme.ink;
	ctx.fillText(mark, start, layout.top - 10);
	for (let r = rows.from; r < rows.to; r++) {
		const middle = y + (r + 0.5) * cell;
		if (middle < layout.top || middle > layout.top + layout.h) continue;
		ctx.fillStyle = r === marked ? theme.ink : theme.muted;
		ctx.fillRect(start, middle + (isNumbered ? 6 : -height / 2), (BAR * Math.abs(values[r])) / most, height);
		if (isNumbered) ctx.fillText(formatNumber(values[r], precision, 3), start, middle - 2);
	}
}
