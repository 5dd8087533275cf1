// Marks of a row, a column and a cell. Each line has a halo: of two colors of such contrast, one
// is visible on every color of a palette.

/** @typedef {import("./heatmap_painter.js").Area} Area */
/** @typedef {import("./heatmap_painter.js").Cell} Cell */
/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {import("./heatmap_painter.js").Theme} Theme */

const SMALL = 8; // the frame of a smaller cell would be hard to find

/** Lines along both sides of a row and of a column; −1: none. */
export function paintCrosshair(
	/** @type {Context} */ ctx,
	/** @type {Area} */ { x, y, w, h, cell },
	/** @type {Cell} */ { row, column },
	/** @type {Theme} */ theme,
) {
	// Whole pixels: a line between two would be blurred.
	const [left, right] = [column, column + 1].map((c) => Math.round(x + c * cell) - 0.5);
	const [top, bottom] = [row, row + 1].map((r) => Math.round(y + r * cell) - 0.5);
	for (const [width, color] of linesOf(theme)) {
		ctx.lineWidth = width;
		ctx.strokeStyle = color;
		if (row >= 0) ctx.strokeRect(x - 4, top, w + 8, bottom - top);
		if (column >= 0) ctx.strokeRect(left, y - 4, right - left, h + 8);
	}
}

/** The halo, then the line. @param {Theme} theme @returns {[number, string][]} */
export const linesOf = (theme) => [[3, theme.ground], [1, theme.ink]];

/** A frame around a cell. @param {Context} ctx @param {Area} area @param {Cell} cell @param {Theme} theme */
export function paintFrame(ctx, { x, y, cell }, { row, column }, theme) {
	if (row < 0 || column < 0) return;
	const grow = cell < SMALL ? 3 : 0;
	const size = cell + 2 * grow;
	for (const [width, color] of /** @type {const} */ ([[5, theme.ground], [2, theme.accent]])) {
		ctx.lineWidth = width;
		ctx.strokeStyle = color;
		ctx.strokeRect(x + column * cell - 0.5 - grow, y + row * cell - 0.5 - grow, size, size);
	}
}
