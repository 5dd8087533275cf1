// Lines from queries (left) to keys (right). Opacity is the weight, as a share of the scale, without
// a floor: a line of 0.002 is as good as invisible. Negative weights are dashed.

import { fontOf } from "./map_layout.js";
import { strongestLinks } from "./strongest_links.js";

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */
/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {import("./heatmap_painter.js").Theme} Theme */
/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */
/** @typedef {{matrix: WeightMatrix, scale: ColorScale, color: string, name: string}} LineLayer one head */
/** @typedef {{side: "query" | "key", index: number}} MarkedToken */
/** @typedef {{row: number, column: number, value: number}} Link */

/**
 * @typedef {object} LineLayout
 * @property {number} width @property {number} height of the canvas, in CSS pixels
 * @property {number} pitch the height of a token
 * @property {number} offset the first pixel of the lines that the canvas shows
 */

const SPREAD = 0.6; // of the height of a token, over which the lines of several heads begin
const FAINTEST = 1 / 510; // half a step of 8-bit opacity
const [THIN, THICK] = [1, 3.5];

/**
 * The layout of lines between `nRow` queries and `nColumn` keys. Of a long text only the part in
 * view: a canvas of that height, which begins at `offset`.
 * @param {number} nRow @param {number} nColumn @param {number} width @param {number} pitch
 * @param {{height?: number, offset?: number}} [view]
 * @returns {LineLayout}
 */
export function layoutLines(nRow, nColumn, width, pitch, { height = Infinity, offset = 0 } = {}) {
	const all = pitch * Math.max(nRow, nColumn);
	return { width, height: Math.min(height, all), pitch, offset };
}

/**
 * Paints all lines of the marked token, or the strongest of all tokens. Returns how many of how
 * many lines that is.
 * @param {Context} ctx @param {LineLayer[]} layers
 * @param {{marked: MarkedToken | null, chosenRow?: number, layout: LineLayout, theme: Theme}} options
 */
export function paintLines(ctx, layers, { marked, layout, theme }) {
	ctx.clearRect(0, 0, layout.width, layout.height);
	const found = layers.map(({ matrix }) =>
		marked ? linksOf(matrix, marked) : strongestLinks(matrix),
	);
	layers.forEach((layer, i) => {
		const shift = shiftOf(i, layers.length, layout.pitch);
		for (const link of found[i].links) paintLine(ctx, layer, link, shift, layout);
	});
	ctx.globalAlpha = 1;
	ctx.setLineDash([]);
	if (marked && layers.length > 1) {
		const strongest = found.map(({ links }) => links.at(-1));
		paintNames(ctx, layers, strongest, layout, theme);
	}
	const sum = (/** @type {"n" | "all"} */ name) => found.reduce((total, each) => total + each[name], 0);
	return { drawn: sum("n"), all: sum("all") };
}

/** Where the lines of the i-th of n heads begin, beside the middle of a token. */
const shiftOf = (/** @type {number} */ i, /** @type {number} */ n, /** @type {number} */ pitch) =>
	n === 1 ? 0 : (i / (n - 1) - 0.5) * SPREAD * pitch;

/**
 * The lines of one token, weakest first: its row, or its column.
 * @param {WeightMatrix} matrix @param {MarkedToken} marked
 * @returns {{links: Link[], n: number, all: number}}
 */
export function linksOf({ values, isDrawn, rows, columns }, { side, index }) {
	const n = columns.length;
	const length = side === "query" ? n : rows.length;
	const links = [];
	for (let other = 0; other < length; other++) {
		const [row, column] = side === "query" ? [index, other] : [other, index];
		const i = row * n + column;
		if (isDrawn[i] && values[i] !== 0) links.push({ row, column, value: values[i] });
	}
	links.sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
	return { links, n: links.length, all: links.length };
}

/** @param {Context} ctx @param {LineLayer} layer @param {Link} link @param {number} shift @param {LineLayout} layout */
function paintLine(ctx, { scale, color }, { row, column, value }, shift, { width, height, pitch, offset }) {
	const share = Math.min(1, Math.abs(value) / scale.high);
	const [from, to] = [row, column].map((i) => (i + 0.5) * pitch + shift - offset);
	const isOutside = Math.max(from, to) < 0 || Math.min(from, to) > height;
	if (share < FAINTEST || isOutside) return;
	ctx.globalAlpha = share;
	ctx.strokeStyle = color;
	ctx.lineWidth = THIN + (THICK - THIN) * share;
	ctx.setLineDash(value < 0 ? [5, 4] : []);
	ctx.beginPath();
	ctx.moveTo(0, from);
	ctx.bezierCurveTo(width / 2, from, width / 2, to, width, to);
	ctx.stroke();
}

/**
 * The name of each head on its strongest line, in the middle.
 * @param {Context} ctx @param {LineLayer[]} layers @param {(Link | undefined)[]} strongest
 * @param {LineLayout} layout @param {Theme} theme
 */
function paintNames(ctx, layers, strongest, { width, pitch, offset }, theme) {
	ctx.font = fontOf(11, true);
	ctx.textAlign = "center";
	ctx.textBaseline = "middle";
	/** @type {number[]} */
	const taken = [];
	layers.forEach(({ name, color }, i) => {
		const link = strongest[i];
		if (!link) return;
		let y = ((link.row + link.column + 1) / 2) * pitch - offset;
		while (taken.some((other) => Math.abs(other - y) < 12)) y += 12;
		taken.push(y);
		const w = 7 * name.length + 14;
		ctx.fillStyle = theme.ground;
		ctx.fillRect(width / 2 - w / 2, y - 6, w, 12);
		ctx.fillStyle = color;
		ctx.fillRect(width / 2 - w / 2, y - 5, 6, 10);
		ctx.fillStyle = theme.ink;
		ctx.fillText(name, width / 2 + 4, y);
	});
}

/**
 * The weights of each head on the tokens that the marked one is linked to: boxes as in BertViz.
 * @param {LineLayer[]} layers @param {MarkedToken} marked
 * @returns {{index: number, boxes: {head: string, value: number, share: number, color: string}[]}[]}
 */
export function headBoxes(layers, { side, index }) {
	const { rows, columns } = layers[0].matrix;
	const length = side === "query" ? columns.length : rows.length;
	const boxOf = (/** @type {LineLayer} */ { matrix, scale, color, name }, /** @type {number} */ other) => {
		const [row, column] = side === "query" ? [index, other] : [other, index];
		const { value, isDrawn } = matrix.cell(row, column);
		const shown = isDrawn ? value : 0;
		return { head: name, value: shown, share: Math.min(1, Math.abs(shown) / scale.high), color };
	};
	return Array.from({ length }, (_, other) => ({
		index: other,
		boxes: layers.map((layer) => boxOf(layer, other)),
	}));
}
