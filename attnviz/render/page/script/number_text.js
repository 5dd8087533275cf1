// Numbers as text. A weight that is not zero never reads as zero.

/** Replaces the hyphen of a negative number by a minus sign, and drops the sign of a zero. */
const withMinus = (/** @type {string} */ text) =>
	text.replace(/^-(?=0(\.0*)?$)/, "").replaceAll("-", "−");

/**
 * A number with `precision` decimals, at most `most`.
 * @param {number} value @param {number} precision @param {number} [most]
 */
export const formatNumber = (value, precision, most = precision) =>
	withMinus(value.toFixed(Math.min(precision, most)));

/**
 * The same, with an exponent where a value above or below zero would read as zero.
 * @param {number} value @param {number} precision
 */
export function formatExact(value, precision) {
	const vanishes = value !== 0 && Number(value.toFixed(precision)) === 0;
	return vanishes ? withMinus(value.toExponential(1)) : formatNumber(value, precision);
}

/** A positive number with two significant digits: "0.0005". @param {number} value */
export const shortNumber = (value) => withMinus(`${Number(value.toPrecision(2))}`);

/**
 * A share as a percentage with one decimal, never more exact than it is: "< 0.1 %" below that.
 * @param {number} value
 */
export function formatPercent(value) {
	const percent = 100 * value;
	if (percent !== 0 && Math.abs(percent) < 0.05) return percent < 0 ? "> −0.1 %" : "< 0.1 %";
	return `${withMinus(percent.toFixed(1))} %`;
}

/**
 * The largest magnitude, 0 of none.
 * @param {ArrayLike<number>} values
 */
export function maxAbs(values) {
	let most = 0;
	for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
	return most;
}

/**
 * A count with its noun: "1 head", "2 heads".
 * @param {number} n @param {string} one @param {string} [more]
 */
export const pluralize = (n, one, more = `${one}s`) =>
	`${n.toLocaleString("en")} ${n === 1 ? one : more}`;
