// Draws a head as a heatmap: rows are queries, which look at columns, the keys.

import { tint } from "./colour.js";
import { inSight, thinned } from "./plan.js";
import { hatched, raster } from "./raster.js";
import { largest, number } from "./words.js";

const NUMBERED = 40; // cells this large show their weight

/** Draws what `view` (how far it is scrolled, and its size) shows of a planned heatmap. */
export function drawHeatmap(pen, sheet, plan, view, marks) {
	const { cell, left, top, rows, columns, turn } = plan;
	const [x, y] = [left - view.x, top - view.y];
	const place = { x, y, w: columns.length * cell, h: rows.length * cell, cell };
	place.rows = inSight(rows.length, cell, view.y, view.h - top);
	place.columns = inSight(columns.length, cell, view.x, view.w - left);
	const middle = (start, at) => start + (at + 0.5) * cell;
	pen.clearRect(0, 0, view.w, view.h);
	pen.font = plan.font;
	pen.textBaseline = "middle";
	clipped(pen, [left - 1, top - 1, view.w, view.h], () => {
		hatched(pen, x, y, place.w, place.h);
		plan.picture ??= raster(sheet, Infinity, Infinity);
		pen.drawImage(plan.picture, x, y, place.w, place.h);
		if (cell >= 7) drawGaps(pen, place);
		if (cell >= NUMBERED) drawNumbers(pen, sheet, place);
		if (sheet.margin) drawMargin(pen, sheet.margin[2], place, marks.row);
		if (marks.row >= 0) drawCross(pen, place, marks);
	});
	if (sheet.margin) write(pen, sheet.margin[0], x + place.w + 12, top - 10);
	clipped(pen, [0, top - 8, left, view.h], () => {
		for (const r of thinned(place.rows, cell, marks.row)) {
			write(pen, rows[r], left - 8, middle(y, r), { align: "right", marked: r === marks.row });
		}
	});
	clipped(pen, [left - 8, 0, view.w, top], () => {
		const how = turn ? { turn } : { align: "center" };
		for (const c of thinned(place.columns, cell, marks.column)) {
			write(pen, columns[c], middle(x, c), top - 10, { ...how, marked: c === marks.column });
		}
	});
}

function clipped(pen, box, draw) {
	pen.save();
	pen.beginPath();
	pen.rect(...box);
	pen.clip();
	draw();
	pen.restore();
}

function write(pen, text, x, y, { align = "left", turn = 0, marked, colour, most } = {}) {
	pen.save();
	pen.translate(x, y);
	pen.rotate(-turn);
	if (marked) pen.font = `600 ${pen.font}`;
	pen.textAlign = align;
	pen.fillStyle = colour ?? tint(marked ? "accent" : "ink");
	pen.fillText(text, 0, 0, most);
	pen.restore();
}

function drawGaps(pen, { x, y, w, h, cell }) {
	pen.fillStyle = tint("ground");
	for (let at = 0; at <= w; at += cell) pen.fillRect(x + at - 1, y, 1, h);
	for (let at = 0; at <= h; at += cell) pen.fillRect(x, y + at - 1, w, 1);
}

function drawNumbers(pen, sheet, { x, y, cell, rows, columns }) {
	for (const r of rows) {
		for (const c of columns) {
			const { value, drawn } = sheet.cell(r, c);
			const how = { align: "center", colour: sheet.scale.ink(value), most: cell - 4 };
			const text = number(value, cell < 54 ? 2 : 3);
			if (drawn) write(pen, text, x + (c + 0.5) * cell, y + (r + 0.5) * cell, how);
		}
	}
}

/** Bars beside the rows: the mass that a row kept, or what it sums to. */
function drawMargin(pen, values, { x, y, w, cell, rows }, marked) {
	const most = Math.max(1, largest(values));
	const numbered = cell >= 18;
	const thick = numbered ? 2 : Math.max(1, cell - 2);
	for (const r of rows) {
		const [start, middle] = [x + w + 12, y + (r + 0.5) * cell];
		const colour = tint(r === marked ? "ink" : "muted");
		pen.fillStyle = colour;
		pen.fillRect(start, middle + (numbered ? 6 : -thick / 2), (52 * Math.abs(values[r])) / most, thick);
		if (numbered) write(pen, number(values[r], 3), start, middle - 2, { colour });
	}
}

function drawCross(pen, { x, y, w, h, cell }, { row, column }) {
	const grow = cell < 8 ? 3 : 0; // what is smaller cannot be found
	const [left, top] = [x + column * cell - 0.5, y + row * cell - 0.5];
	const frame = [left - grow, top - grow, cell + 2 * grow, cell + 2 * grow];
	for (const [width, colour, ...box] of [
		[1, "accent", x - 0.5, top, w, cell],
		[1, "accent", left, y - 0.5, cell, h],
		[4, "ground", ...frame],
		[2, "accent", ...frame],
	]) {
		pen.lineWidth = width;
		pen.strokeStyle = tint(colour);
		pen.strokeRect(...box);
	}
}
