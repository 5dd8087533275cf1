// The view as a picture to save: the maps in view with their titles, the lines, or all heads.

import { measureText } from "./canvas.js";
import { HeatmapPainter } from "./heatmap_painter.js";
import { layers, markedToken } from "./lines_panel.js";
import { layoutPicture, paintPicture } from "./lines_picture.js";
import { fontOf } from "./map_layout.js";
import { transform } from "./map_zoom.js";
import { precision } from "./page_data.js";
import { scaleOf } from "./scales.js";
import { markedCell } from "./selection.js";
import { settings } from "./settings.js";
import { shownHeads } from "./shown_heads.js";
import { layouts, places } from "./stage.js";
import { theme } from "./theme.js";

/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {{width: number, height: number, paint: (ctx: Context, ratio?: number) => void}} Picture */

const [TITLE, GAP] = [26, 24];

/** @param {Context} ctx @param {string} text @param {number} x @param {number} y */
function paintTitle(ctx, text, x, y) {
	ctx.font = fontOf(13, true);
	ctx.fillStyle = theme.value.ink;
	ctx.textAlign = "left";
	ctx.textBaseline = "middle";
	ctx.fillText(text, x, y);
}

/** The maps in view, each below its title. @returns {Picture} */
function matricesPicture() {
	const shown = shownHeads.value;
	const { of, columns } = places.value;
	const { width, height } = layouts.value[0];
	const at = shown.map((_, i) => of[i] ?? { row: Math.floor(i / columns) + 1, column: (i % columns) + 1 });
	const [across, down] = [Math.max(...at.map(({ column }) => column)), Math.max(...at.map(({ row }) => row))];
	return {
		width: across * (width + GAP) - GAP,
		height: down * (height + TITLE),
		paint: (ctx, ratio = 1) =>
			shown.forEach(({ matrix, map, name }, i) => {
				const [x, y] = [(at[i].column - 1) * (width + GAP), (at[i].row - 1) * (height + TITLE)];
				paintTitle(ctx, settings.value.view === "compare" ? map.name : name, x, y + TITLE / 2);
				ctx.save();
				ctx.translate(x, y + TITLE);
				const painter = new HeatmapPainter(matrix, layouts.value[i], scaleOf(map, matrix).scale);
				const marks = { borders: map.borders, precision };
				painter.paint(ctx, transform.value, markedCell(matrix), theme.value, marks, ratio);
				ctx.restore();
			}),
	};
}

/** @returns {Picture} */
function linesPicture() {
	const layout = layoutPicture(layers.value, measureText);
	const paint = (/** @type {Context} */ ctx) => paintPicture(ctx, layers.value, layout, markedToken.value, theme.value);
	return { ...layout, paint };
}

/** The grid of heads as it is on the page. @returns {Picture} */
function headsPicture() {
	const grid = /** @type {HTMLElement} */ (document.querySelector("#figure .heads"));
	const canvas = /** @type {HTMLCanvasElement} */ (grid.querySelector("canvas"));
	const labels = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(".row-label, .column-label, .thumb .muted")]);
	const [width, height] = [canvas.clientWidth, grid.scrollHeight];
	const label = (/** @type {Context} */ ctx, /** @type {HTMLElement} */ node) => {
		const [box, origin] = [node.getBoundingClientRect(), grid.getBoundingClientRect()];
		paintTitle(ctx, node.textContent ?? "", box.left - origin.left + grid.scrollLeft, box.top - origin.top + grid.scrollTop + box.height / 2);
	};
	return {
		width,
		height,
		paint: (ctx) => {
			/** @type {CanvasRenderingContext2D} */ (ctx).drawImage(canvas, 0, 0, width, canvas.clientHeight);
			for (const node of labels) label(ctx, node);
		},
	};
}

/** The picture of the view. */
export function viewPicture() {
	const { view } = settings.value;
	return view === "lines" ? linesPicture() : view === "overview" ? headsPicture() : matricesPicture();
}
