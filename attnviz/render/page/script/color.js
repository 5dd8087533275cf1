// @ts-nocheck
// Colors of weights and heads.

import { decodeBase64, pageData } from "./data.js";
import { byId } from "./dom.js";

/** Equal lightness, hues a golden angle apart. */
export const headColor = (index) => `oklch(0.62 0.15 ${257 + 137.5 * index})`;

/** A color of the stylesheet in the current theme. */
export function themeColor(name) {
	byId("live").style.color = `var(--${name})`;
	return getComputedStyle(byId("live")).color;
}

/** The selected palette, or the default of a map that it does not suit, as of a difference. */
function suitedPalette(selected, signed) {
	const { defaults, diverging } = pageData;
	if (diverging.includes(selected) === signed) return selected;
	return (signed ? defaults.signed : defaults.plain) ?? selected;
}

/** A color scale: weights from `low` to `high` onto a palette. */
export class Scale {
	constructor(selected, high, signed) {
		const palette = suitedPalette(selected, signed);
		this.colors = decodeBase64(pageData.palettes[palette]);
		this.high = high || 1;
		this.low = pageData.diverging.includes(palette) ? -this.high : 0;
	}

	/** Red, green, blue, and the ink of best contrast (0: black). */
	bytes(value) {
		const share = (value - this.low) / (this.high - this.low);
		const start = 4 * Math.round(255 * Math.min(1, Math.max(0, share)));
		return this.colors.subarray(start, start + 4);
	}

	css(value) {
		return `rgb(${this.bytes(value).subarray(0, 3).join(" ")})`;
	}

	ink(value) {
		return this.bytes(value)[3] ? "#fff" : "#000";
	}
}
