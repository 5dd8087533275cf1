// A weight, a row or a column as text for the clipboard, and names of files.

import { cellFacts, cellText, rankedKeys } from "./row_facts.js";
import { positionLabel, positionText } from "./token_labels.js";

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

/**
 * One weight in a line: "3.1: it (5) → animal (2): 0.653 (65.3 %, rank 1 of 14)".
 * @param {string} head @param {WeightMatrix} matrix @param {number} r @param {number} c
 * @param {number} precision
 */
export function copiedCell(head, matrix, r, c, precision) {
	const { text, percent, rankText, sumText, masked } = cellFacts(matrix, r, c, precision);
	const pair = `${head}: ${positionLabel(matrix.rows, r)} → ${positionLabel(matrix.columns, c)}`;
	const facts = [percent, rankText, sumText].filter(Boolean).join(", ");
	return masked ? `${pair}: masked` : `${pair}: ${text} (${facts})`;
}

/**
 * A row as a table with tabs, largest weight first: position, key, weight as shown.
 * @param {string} head @param {WeightMatrix} matrix @param {number} r @param {number} precision
 */
export function copiedRow(head, matrix, r, precision) {
	const line = (/** @type {number} */ c) => {
		const { label } = matrix.columns[c];
		return `${positionText(matrix.columns[c])}\t${oneLine(label)}\t${cellText(matrix, r, c, precision)}`;
	};
	const title = `${head}: ${oneLine(positionLabel(matrix.rows, r))}`;
	return [title, "position\tkey\tweight", ...rankedKeys(matrix, r).map(line)].join("\n");
}

/** @param {string} text */
const oneLine = (text) => text.replace(/[\t\n\r]/g, " ");

/**
 * A file name of letters, digits, dots and hyphens, from parts such as a title and a head.
 * @param {string[]} parts @param {string} ending
 */
export function fileName(parts, ending) {
	const clean = (/** @type {string} */ part) =>
		part.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 40);
	return `${parts.map(clean).filter(Boolean).join("-") || "attention"}.${ending}`;
}
