// Color scales: weights onto the 256 colors of a palette, linear, by square root or logarithmic.

import { formatExact, pluralize, shortNumber } from "./number_text.js";

/** @typedef {"linear" | "sqrt" | "log"} Curve */

/**
 * @typedef {object} ScaleOptions
 * @property {Uint8Array} colors 256 × (red, green, blue, ink), with ink 0 for black
 * @property {number} high the weight of the last color
 * @property {number} [low] the weight of the first color, of scales that are not centered; 0 by
 *   default, and on a logarithmic scale high / 1,000
 * @property {Curve} [curve]
 * @property {boolean} [centered] from −high to high: signed weights, diverging palettes
 * @property {boolean} [reversed] the palette from its last color to its first
 */

const DECADES = 3; // of a logarithmic scale: from high / 1,000, as in figures

/** @type {Record<Curve, string>} */
const CURVE_NAMES = { linear: "Linear", sqrt: "Square-root", log: "Logarithmic" };

/** Positions of the marks of the legend. @type {Record<Curve, number[]>} */
const TICKS = { linear: [0, 1], sqrt: [0, 0.5, 1], log: [0, 1 / 3, 2 / 3, 1] };

export class ColorScale {
	/** @param {ScaleOptions} options */
	constructor({ colors, high, low = 0, curve = "linear", centered = false, reversed = false }) {
		this.colors = reversed && !centered ? reverseColors(colors) : colors;
		this.high = high > low ? high : low + 1;
		this.curve = curve;
		this.centered = centered;
		/** Where magnitudes begin: the limit that is given, 0 without one. */
		this.start = centered ? 0 : low;
		this.low = centered ? -this.high : low;
		/** The logarithm of high / floor. */
		this.span = Math.log(this.high / this.floor);
	}

	/** The smallest magnitude that differs from the first color on a logarithmic scale. */
	get floor() {
		return this.start > 0 ? this.start : this.high / 10 ** DECADES;
	}

	/** The position of a magnitude from 0 to 1. @param {number} size */
	part(size) {
		if (this.curve === "log") return Math.max(0, Math.min(1, 1 + Math.log(size / this.high) / this.span));
		const part = Math.max(0, Math.min(1, (size - this.start) / (this.high - this.start)));
		return this.curve === "sqrt" ? Math.sqrt(part) : part;
	}

	/** The magnitude at a position from 0 to 1; the inverse of `part`. @param {number} part */
	magnitude(part) {
		if (this.curve === "log") return part <= 0 ? this.start : this.high * Math.exp(this.span * (part - 1));
		return this.start + (this.curve === "sqrt" ? part * part : part) * (this.high - this.start);
	}

	/** The position of a weight on the palette, from 0 to 1. @param {number} value */
	share(value) {
		if (!this.centered) return this.curve === "log" && value <= 0 ? 0 : this.part(value);
		return 0.5 + 0.5 * Math.sign(value) * this.part(Math.abs(value));
	}

	/** The weight at a position on the palette; the inverse of `share`. @param {number} share */
	valueAt(share) {
		if (!this.centered) return this.magnitude(share);
		return Math.sign(share - 0.5) * this.magnitude(Math.abs(2 * share - 1));
	}

	/** The index of its color. @param {number} value */
	level(value) {
		return Math.round(255 * this.share(value));
	}

	/** Red, green, blue, and the ink of best contrast (0: black). @param {number} value */
	bytes(value) {
		const start = 4 * this.level(value);
		return this.colors.subarray(start, start + 4);
	}

	/** @param {number} value */
	css(value) {
		return `rgb(${this.bytes(value).subarray(0, 3).join(" ")})`;
	}

	/** The text color of best contrast. @param {number} value */
	ink(value) {
		return this.bytes(value)[3] ? "#fff" : "#000";
	}

	/** CSS colors at equal steps of the palette, for the gradient of the legend. @param {number} [n] */
	gradient(n = 32) {
		return Array.from({ length: n }, (_, i) => {
			const start = 4 * Math.round((255 * i) / (n - 1));
			return `rgb(${this.colors.subarray(start, start + 3).join(" ")})`;
		});
	}

	/** Weights at which the legend has marks, in order, with their positions from 0 to 1. */
	ticks() {
		const sizes = TICKS[this.curve].map((part) => this.magnitude(part));
		const below = this.centered ? sizes.filter((size) => size > 0).map((size) => -size) : [];
		const zero = this.centered && !sizes.includes(0) ? [0] : [];
		const values = [...below.reverse(), ...zero, ...sizes];
		return values.map((value) => ({ value, share: this.share(value) }));
	}

	/**
	 * How colors follow weights, in one sentence; empty for a linear scale that nothing chose.
	 * @param {string} [reason] why this curve: "512 tokens"
	 */
	sentence(reason = "") {
		if (this.curve === "linear" && !reason) return "";
		const chosen = reason ? `, chosen for ${reason}` : "";
		const floor = shortNumber(this.floor);
		const below = this.curve === "log" && this.start <= 0 ? ` Weights below ${floor} have the color of 0.` : "";
		return `${CURVE_NAMES[this.curve]} color scale${chosen}.${below}`;
	}
}

/** The palette from its last color to its first. @param {Uint8Array} colors 256 × 4 */
function reverseColors(colors) {
	const reversed = new Uint8Array(colors.length);
	for (let i = 0; i < colors.length; i += 4) {
		reversed.set(colors.subarray(i, i + 4), colors.length - 4 - i);
	}
	return reversed;
}

/**
 * The weight below which `percent` of the visible weights are, and how many are above it.
 * @param {Float64Array} values @param {Uint8Array} masked
 * @param {number} percent above 0, at most 100
 */
export function percentileLimit(values, masked, percent) {
	const sizes = values.filter((_, i) => !masked[i]).map(Math.abs).sort();
	if (!sizes.length) return { high: 0, above: 0 };
	const last = Math.max(0, Math.ceil((percent / 100) * sizes.length) - 1);
	const high = sizes[last] || sizes[sizes.length - 1];
	return { high, above: sizes.filter((size) => size > high).length };
}

/**
 * States a percentile limit. @param {{high: number, above: number}} limit
 * @param {number} percent @param {number} precision
 */
export function limitSentence({ high, above }, percent, precision) {
	if (!above) return "";
	const verb = above === 1 ? "has" : "have";
	const limit = `${formatExact(high, precision)}, the ${percent}th percentile`;
	return `Colors end at ${limit}: ${pluralize(above, "larger weight")} ${verb} the last color.`;
}

/**
 * States a scale that was requested, and what is outside of it.
 * @param {ColorScale} scale @param {{note: string}} requested @param {number} precision
 */
export function requestSentence({ low, high }, { note }, precision) {
	const [from, to] = [low, high].map((limit) => formatExact(limit, precision));
	return `Requested scale: ${from} to ${to}${note && `; ${note}`}.`;
}
