// How numbers are said.

import { island } from "./data.js";

const { precision } = island;

/** A number with the decimals that were asked for, or at most so many, and a true minus sign. */
export const number = (value, most = precision) =>
	value.toFixed(Math.min(precision, most)).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");

/** A number for close reading: what is not zero does not read as zero. */
export function closely(value) {
	const vanishes = value !== 0 && Number(value.toFixed(precision)) === 0;
	return vanishes ? value.toExponential(1).replaceAll("-", "−") : number(value);
}

export const largest = (values) =>
	values.reduce((most, value) => Math.max(most, Math.abs(value)), 0); // in magnitude

export const many = (n, one, more = `${one}s`) =>
	`${n.toLocaleString("en")} ${n === 1 ? one : more}`;
