// @ts-nocheck
// Heatmap of a head. Rows: queries. Columns: keys.

import { themeColor } from "./color.js";
import { formatNumber, maxAbs } from "./format.js";
import { segmentStarts, thinLabels, visibleRange } from "./layout.js";
import { fillHatch, rasterize } from "./raster.js";

const MIN_NUMBERED = 40; // cells of this size show their weight

/** Draws the part in `view` (scroll offset and size); `mark`: the marked cell. */
export function drawHeatmap(ctx, matrix, layout, view, mark) {
	const { cell, left, top, rows, columns, turn } = layout;
	const [x, y] = [left - view.x, top - view.y];
	const area = { x, y, w: columns.length * cell, h: rows.length * cell, cell };
	area.rows = visibleRange(rows.length, cell, view.y, view.h - top);
	area.columns = visibleRange(columns.length, cell, view.x, view.w - left);
	const middle = (start, i) => start + (i + 0.5) * cell;
	ctx.clearRect(0, 0, view.w, view.h);
	ctx.font = layout.font;
	ctx.textBaseline = "middle";
	clip(ctx, [left - 1, top - 1, view.w, view.h], () => {
		fillHatch(ctx, x, y, area.w, area.h);
		layout.image ??= rasterize(matrix, Infinity, Infinity);
		ctx.drawImage(layout.image, x, y, area.w, area.h);
		if (cell >= 7) drawGaps(ctx, area);
		drawBorders(ctx, area, matrix);
		if (cell >= MIN_NUMBERED) drawNumbers(ctx, matrix, area);
		if (matrix.margin) drawMargin(ctx, matrix.margin[2], area, mark.row);
		if (mark.row >= 0) drawMark(ctx, area, mark);
	});
	if (matrix.margin) drawText(ctx, matrix.margin[0], x + area.w + 12, top - 10);
	clip(ctx, [0, top - 8, left, view.h], () => {
		for (const r of thinLabels(area.rows, cell, mark.row)) {
			drawText(ctx, rows[r], left - 8, middle(y, r), { align: "right", marked: r === mark.row });
		}
	});
	clip(ctx, [left - 8, 0, view.w, top], () => {
		const how = turn ? { turn } : { align: "center" };
		for (const c of thinLabels(area.columns, cell, mark.column)) {
			drawText(ctx, columns[c], middle(x, c), top - 10, { ...how, marked: c === mark.column });
		}
	});
}

function clip(ctx, box, draw) {
	ctx.save();
	ctx.beginPath();
	ctx.rect(...box);
	ctx.clip();
	draw();
	ctx.restore();
}

function drawText(ctx, text, x, y, { align = "left", turn = 0, marked, color, most } = {}) {
	ctx.save();
	ctx.translate(x, y);
	ctx.rotate(-turn);
	if (marked) ctx.font = `600 ${ctx.font}`;
	ctx.textAlign = align;
	ctx.fillStyle = color ?? themeColor(marked ? "accent" : "ink");
	ctx.fillText(text, 0, 0, most);
	ctx.restore();
}

function drawGaps(ctx, { x, y, w, h, cell }) {
	ctx.fillStyle = themeColor("ground");
	for (let at = 0; at <= w; at += cell) ctx.fillRect(x + at - 1, y, 1, h);
	for (let at = 0; at <= h; at += cell) ctx.fillRect(x, y + at - 1, w, 1);
}

/** Lines where a new segment begins. */
function drawBorders(ctx, { x, y, w, h, cell }, { rows, columns }) {
	for (const [width, color] of [[cell < 7 ? 1 : 3, "ground"], [1, "ink"]]) {
		ctx.fillStyle = themeColor(color);
		const before = 0.5 + width / 2; // gaps end at the edge of a cell
		for (const i of segmentStarts(columns)) ctx.fillRect(x + i * cell - before, y, width, h);
		for (const i of segmentStarts(rows)) ctx.fillRect(x, y + i * cell - before, w, width);
	}
}

function drawNumbers(ctx, matrix, { x, y, cell, rows, columns }) {
	for (const r of rows) {
		for (const c of columns) {
			const { value, isDrawn } = matrix.cell(r, c);
			const how = { align: "center", color: matrix.scale.ink(value), most: cell - 4 };
			const text = formatNumber(value, cell < 54 ? 2 : 3);
			if (isDrawn) drawText(ctx, text, x + (c + 0.5) * cell, y + (r + 0.5) * cell, how);
		}
	}
}

/** Bars beside the rows: their sum, or their weight on no key. */
function drawMargin(ctx, values, { x, y, w, cell, rows }, markedRow) {
	const most = Math.max(1, maxAbs(values));
	const numbered = cell >= 18;
	const height = numbered ? 2 : Math.max(1, cell - 2);
	for (const r of rows) {
		const [start, middle] = [x + w + 12, y + (r + 0.5) * cell];
		const color = themeColor(r === markedRow ? "ink" : "muted");
		const top = middle + (numbered ? 6 : -height / 2);
		ctx.fillStyle = color;
		ctx.fillRect(start, top, (52 * Math.abs(values[r])) / most, height);
		if (numbered) drawText(ctx, formatNumber(values[r], 3), start, middle - 2, { color });
	}
}

/** Frames the marked row, column and cell. */
function drawMark(ctx, { x, y, w, h, cell }, { row, column }) {
	const grow = cell < 8 ? 3 : 0; // a smaller frame would be hard to find
	const [left, top] = [x + column * cell - 0.5, y + row * cell - 0.5];
	const frame = [left - grow, top - grow, cell + 2 * grow, cell + 2 * grow];
	for (const [width, color, ...box] of [
		[1, "accent", x - 0.5, top, w, cell],
		[1, "accent", left, y - 0.5, cell, h],
		[4, "ground", ...frame],
		[2, "accent", ...frame],
	]) {
		ctx.lineWidth = width;
		ctx.strokeStyle = themeColor(color);
		ctx.strokeRect(...box);
	}
}
