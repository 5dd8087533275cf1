// The color scale that suits a map: its curve, by the number of tokens, and its direction.

/** @typedef {import("./color_scale.js").Curve} Curve */

const MANY = 64; // tokens beyond which a linear scale shows little but the largest weights

/**
 * The curve of colors for a map, and why, as in figures (render/scaling.py): all heads of a map
 * with one scale have one curve. Scales that are centered at 0 have no logarithm.
 * @param {object} facts
 * @param {number} facts.nToken
 * @param {boolean} [facts.centered]
 * @returns {{curve: Curve, reason: string}} the reason is empty for a linear scale
 */
export function chooseCurve({ nToken, centered = false }) {
	const many = `${nToken.toLocaleString("en")} tokens`;
	if (nToken > MANY) return { curve: centered ? "sqrt" : "log", reason: many };
	return { curve: "linear", reason: "" };
}

/**
 * Whether a palette is reversed so that it begins near the color of the page: zero is pale on a
 * light ground, dark on a dark one. Diverging palettes are not.
 * @param {Uint8Array} colors 256 × 4 @param {boolean} diverging @param {boolean} groundIsLight
 */
export function reversesOnGround(colors, diverging, groundIsLight) {
	if (diverging) return false;
	const firstIsLight = lightness(colors, 0) > lightness(colors, colors.length - 4);
	return firstIsLight !== groundIsLight;
}

/** Approximate luminance of a color, 0 to 255. @param {Uint8Array} colors @param {number} start */
const lightness = (colors, start) =>
	0.2126 * colors[start] + 0.7152 * colors[start + 1] + 0.0722 * colors[start + 2];
