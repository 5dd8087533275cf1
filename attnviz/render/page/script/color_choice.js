// The color scale that suits a map: its curve, by the number of tokens, and its direction.

/** @typedef {import("./color_scale.js").Curve} Curve */

const MANY = 64; // tokens beyond which a linear scale shows little but the largest weights
const DOMINANT = 0.5; // share of the weights on one key

/**
 * The curve of colors for a map, and why, as in figures (render/scaling.py): all heads of a map
 * with one scale have one curve. Scales that are centered at 0 have no logarithm.
 * @param {object} facts
 * @param {number} facts.nToken
 * @param {boolean} [facts.centered]
 * @param {number} [facts.sinkShare] the share of the weights on the key with most of them
 * @returns {{curve: Curve, reason: string}} the reason is empty for a linear scale
 */
export function chooseCurve({ nToken, centered = false, sinkShare = 0 }) {
	const many = `${nToken.toLocaleString("en")} tokens`;
	if (nToken > MANY) return { curve: centered ? "sqrt" : "log", reason: many };
	if (sinkShare > DOMINANT) {
		return { curve: "sqrt", reason: `one key with ${Math.round(100 * sinkShare)} % of the weight` };
	}
	return { curve: "linear", reason: "" };
}

/**
 * The share of all weights, in magnitude, that is on the key with most of it. Matrices of fewer
 * than three rows or columns have no dominant key.
 * @param {{values: Float64Array, rows: {length: number}, columns: {length: number}}} matrix
 */
export function largestKeyShare({ values, rows, columns }) {
	const n = columns.length;
	if (rows.length < 3 || n < 3) return 0;
	const sums = new Float64Array(n);
	for (let i = 0; i < values.length; i++) sums[i % n] += Math.abs(values[i]);
	const total = sums.reduce((a, b) => a + b, 0);
	return total ? Math.max(...sums) / total : 0;
}

/**
 * The palette of a map that has no chosen one, among those of the page: zero is pale on a light
 * ground, dark on a dark one, and in the middle of signed weights.
 * @param {string[]} names @param {string[]} diverging @param {boolean} signed
 * @param {boolean} groundIsLight
 */
export function choosePalette(names, diverging, signed, groundIsLight) {
	const suited = names.filter((name) => diverging.includes(name) === signed);
	const preferred = signed ? "RdBu" : groundIsLight ? "Blues" : "viridis";
	return suited.includes(preferred) ? preferred : (suited[0] ?? names[0]);
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
