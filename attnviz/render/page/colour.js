// From weights to colours, by the palettes that the file carries.

import { bytesOf, island } from "./data.js";
import { byId } from "./dom.js";

/** Heads told apart: equally light, each a golden angle of hue from the one before. */
export const headColour = (at) => `oklch(0.62 0.15 ${257 + 137.5 * at})`;

/** A colour of the stylesheet as the browser works it out for the theme of the moment. */
export function tint(name) {
	byId("live").style.color = `var(--${name})`;
	return getComputedStyle(byId("live")).color;
}

/** Which weight has which colour: `low` the first of the palette, `high` the last. */
export class Scale {
	constructor(palette, high) {
		this.colours = bytesOf(island.palettes[palette]);
		this.high = high || 1;
		this.low = island.diverging.includes(palette) ? -this.high : 0;
	}

	/** The four bytes of a weight's colour: red, green, blue, and the ink that reads best on it. */
	bytes(value) {
		const share = (value - this.low) / (this.high - this.low);
		const at = 4 * Math.round(255 * Math.min(1, Math.max(0, share)));
		return this.colours.subarray(at, at + 4);
	}

	css(value) {
		return `rgb(${this.bytes(value).subarray(0, 3).join(" ")})`;
	}

	ink(value) {
		return this.bytes(value)[3] ? "#fff" : "#000";
	}
}
