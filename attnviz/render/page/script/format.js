// @ts-nocheck
// Number formatting.

import { pageData } from "./data.js";

const { precision } = pageData;

/** A number with the decimals of the page, at most `most`. */
export const formatNumber = (value, most = precision) =>
	value.toFixed(Math.min(precision, most)).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");

/** The same, with an exponent where a nonzero value would read as zero. */
export function formatExact(value) {
	const vanishes = value !== 0 && Number(value.toFixed(precision)) === 0;
	return vanishes ? value.toExponential(1).replaceAll("-", "−") : formatNumber(value);
}

export const maxAbs = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

export const pluralize = (n, one, more = `${one}s`) =>
	`${n.toLocaleString("en")} ${n === 1 ? one : more}`;
