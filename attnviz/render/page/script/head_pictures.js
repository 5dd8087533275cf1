// The pictures of all heads, on one canvas, drawn in slices. An old picture stays until the new one.

import { decodeHead } from "./dense_head.js";
import { pictureCells } from "./head_picture.js";
import { scaleOf } from "./scales.js";
import { settings } from "./settings.js";
import { currentMap, failure, options } from "./shown_heads.js";
import { printing, theme } from "./theme.js";
import { paintLinesOf, paintThumbnail, thumbnailSize } from "./thumbnail.js";
import { ThumbnailQueue } from "./thumbnail_queue.js";
import { found } from "./token_finder.js";
import { WeightMatrix, groupMap } from "./weight_matrix.js";

/** @typedef {import("./page_data.js").PageMap} PageMap */
/** @typedef {{map: PageMap, layer: number, head: number, button: HTMLElement, ctx: CanvasRenderingContext2D, size: number, turn: number}} Picture */

/** Increases with each request; pictures of earlier ones, whose layers come late, are not drawn. */
let latest = 0;

/** The cells of a picture, with what its scale depends on. @param {Picture} picture @param {number} pixels */
function cellsOf({ map, layer, head }, pixels) {
	const chosen = options.peek();
	if (settings.peek().limit < 100) {
		const matrix = new WeightMatrix(map, decodeHead(map.array, layer, head), chosen);
		return { cells: matrix, scale: scaleOf(map, matrix).scale, matrix };
	}
	const cells = pictureCells(map, map.array, layer, head, chosen, pixels, pixels);
	const { rows, columns } = groupMap(map, chosen);
	const altered = cells instanceof WeightMatrix && cells.altered;
	const facts = { values: cells.values, masked: cells.masked, altered, rows: rows.groups, columns: columns.groups };
	return { cells, scale: scaleOf(map, facts).scale, matrix: facts };
}

/** The rows and columns that the search found, as shares of all. @param {PageMap} map */
function foundGroups(map) {
	const { rows, columns } = groupMap(map, options.peek());
	const { queries, keys } = found.peek();
	const shares = (/** @type {typeof rows} */ { groups, groupOf }, /** @type {Set<number>} */ positions) =>
		[...new Set([...positions].map((token) => groupOf[token]))]
			.filter((group) => group >= 0)
			.map((group) => (group + 0.5) / groups.length);
	return { rows: shares(rows, queries), columns: shares(columns, keys) };
}

/** @param {Picture} picture */
function draw(picture) {
	const { button, ctx, size } = picture;
	if (!ctx.canvas.isConnected || picture.turn !== latest) return;
	const ratio = Math.max(1, devicePixelRatio);
	const pixels = Math.round(size * ratio);
	const { cells, scale, matrix } = cellsOf(picture, pixels);
	const box = thumbnailSize(matrix.rows.length, matrix.columns.length, pixels);
	const [x, y] = [button.offsetLeft, button.offsetTop].map((at) => Math.round(at * ratio));
	paintThumbnail(ctx, cells, scale, { x, y, ...box }, theme.peek());
	paintLinesOf(ctx, foundGroups(picture.map), { x, y, ...box }, theme.peek().accent);
	button.classList.add("drawn");
}

const queue = new ThumbnailQueue({
	draw: (/** @type {Picture} */ picture) => {
		const { array } = picture.map;
		if (array.isLoaded(picture.layer)) return draw(picture);
		return array.load(picture.layer).then(() => draw(picture));
	},
	onError: (error) => (failure.value = error instanceof Error ? error.message : `${error}`),
});

/** Makes the canvas as large as the grid; a canvas of the same size keeps its pictures. @param {HTMLElement} grid */
function fitCanvas(grid) {
	const canvas = /** @type {HTMLCanvasElement} */ (grid.querySelector("canvas"));
	const ratio = Math.max(1, devicePixelRatio);
	const last = /** @type {HTMLElement} */ (grid.querySelector("[data-head]:last-of-type") ?? grid);
	const buttons = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll("[data-head]")]);
	const width = Math.max(1, ...buttons.map((button) => button.offsetLeft + button.offsetWidth));
	const height = last.offsetTop + last.offsetHeight || 1;
	const [w, h] = [Math.ceil(width * ratio), Math.ceil(height * ratio)];
	if (canvas.width !== w || canvas.height !== h) {
		Object.assign(canvas, { width: w, height: h });
		for (const button of buttons) button.classList.remove("drawn");
	}
	Object.assign(canvas.style, { width: `${w / ratio}px`, height: `${h / ratio}px` });
	return { buttons, ctx: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")) };
}

/** Draws the heads of a grid, those in view first. @param {HTMLElement} grid @param {number} size */
export function drawHeads(grid, size) {
	const map = currentMap.value;
	const turn = ++latest;
	const { buttons, ctx } = fitCanvas(grid);
	const pictures = buttons.map((button) => {
		const [layer, head] = (button.dataset.head ?? "").split(" ").map(Number);
		return { map, layer, head, button, ctx, size, turn };
	});
	if (printing.peek()) {
		queue.cancel();
		for (const picture of pictures) if (map.array.isLoaded(picture.layer)) draw(picture); // print does not wait
		return;
	}
	const bottom = grid.scrollTop + grid.clientHeight;
	queue.request(pictures);
	queue.prioritize(({ button }) => button.offsetTop < bottom);
}
