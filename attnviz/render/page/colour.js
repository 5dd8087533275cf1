// From weights to colours, by the palettes that the file carries.

import { bytesOf, island } from "./data.js";
import { byId } from "./dom.js";

/** Heads told apart in the lines: hues far from each other, on light ground and on dark. */
const HUES = [
	"#3b7dd8", "#e07b1f", "#2f9e6e", "#c8437a", "#8a63d2", "#a3811a", "#1b9aaa", "#9c6644",
];

export const headColour = (at) => HUES[at % HUES.length];

const tints = new Map();

/** A colour of the stylesheet as the browser works it out for the theme of the moment. */
export function tint(name) {
	if (!tints.has(name)) {
		byId("live").style.color = `var(--${name})`;
		tints.set(name, getComputedStyle(byId("live")).color);
	}
	return tints.get(name);
}

/** Light, dark, or "" for what the system has. */
export function setTheme(theme) {
	tints.clear();
	document.documentElement.style.colorScheme = theme;
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
