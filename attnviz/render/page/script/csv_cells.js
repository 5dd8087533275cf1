// Cells of CSV files as the command writes them (core/file_format.py).

/** A quoted cell, what a spreadsheet takes for a formula, or a line break, a control, no UTF-8. */
const UNSAFE_START = /^\s*["=+\-@＝＋－＠]/;
// These characters are the subject.
const UNSAFE_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * Text as one cell: unchanged, or a JSON string where that would be unsafe; quoted for CSV.
 * @param {string} text
 */
export function csvCell(text) {
	const isSafe = !UNSAFE_START.test(text) && !UNSAFE_CHARACTER.test(text) && text.isWellFormed();
	const cell = isSafe ? text : asciiJson(text);
	return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** A JSON string of ASCII characters. @param {string} text */
export const asciiJson = (text) =>
	JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => {
		return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
	});

/**
 * A number with nine significant digits, which is as exact as a 32-bit number.
 * @param {number} value
 */
export const exactNumber = (value) => `${Number(value.toPrecision(9))}`;
