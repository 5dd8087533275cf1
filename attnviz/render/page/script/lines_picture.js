// The lines with the labels of their tokens, as a picture to save. On the page the labels are
// buttons beside the canvas.

import { layoutLines, paintLines } from "./line_painter.js";
import { fitLabel, fontOf } from "./map_layout.js";
import { maxAbs } from "./number_text.js";
import { positionLabel } from "./token_labels.js";

/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {import("./heatmap_painter.js").Theme} Theme */
/** @typedef {import("./line_painter.js").LineLayer} LineLayer */
/** @typedef {import("./line_painter.js").MarkedToken} MarkedToken */
/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */

const [WIDTH, PITCH, GAP, MOST] = [360, 20, 8, 200];

/**
 * The size of the picture, and what `paintPicture` needs.
 * @param {LineLayer[]} layers the heads, at least one @param {(text: string) => number} measure
 */
export function layoutPicture(layers, measure) {
	const { rows, columns } = layers[0].matrix;
	const texts = (/** @type {TokenGroup[]} */ groups) =>
		groups.map((_, i) => fitLabel(positionLabel(groups, i), MOST, measure));
	const [queries, keys] = [texts(rows), texts(columns)];
	const [left, right] = [queries, keys].map((list) => Math.ceil(maxAbs(list.map(measure))) + 2 * GAP);
	const lines = layoutLines(rows.length, columns.length, WIDTH, PITCH);
	return { width: left + WIDTH + right, height: lines.height, left, queries, keys, lines };
}

/**
 * @param {Context} ctx @param {LineLayer[]} layers
 * @param {ReturnType<typeof layoutPicture>} layout @param {MarkedToken | null} marked
 * @param {Theme} theme
 */
export function paintPicture(ctx, layers, { left, queries, keys, lines }, marked, theme) {
	ctx.save();
	ctx.translate(left, 0);
	paintLines(ctx, layers, { marked, layout: lines, theme });
	ctx.restore();
	ctx.textBaseline = "middle";
	const paint = (/** @type {string[]} */ labels, /** @type {number} */ x, /** @type {"query" | "key"} */ side) =>
		labels.forEach((label, i) => {
			const isMarked = marked?.side === side && marked.index === i;
			ctx.font = fontOf(13, isMarked);
			ctx.fillStyle = isMarked ? theme.accent : theme.ink;
			ctx.fillText(label, x, (i + 0.5) * PITCH);
		});
	ctx.textAlign = "right";
	paint(queries, left - GAP, "query");
	ctx.textAlign = "left";
	paint(keys, left + lines.width + GAP, "key");
}
