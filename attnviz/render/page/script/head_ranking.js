// Heads in order of a weight or of a measure. A weight is the shown one, under the same options.

import { decodeHead } from "./dense_head.js";
import { gatherRows, renormalizeRows } from "./gather_rows.js";
import { Slices } from "./slices.js";
import { groupMap } from "./weight_matrix.js";

/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */
/** @typedef {import("./slices.js").SliceOptions} SliceOptions */
/** @typedef {import("./weight_matrix.js").MapFacts} MapFacts */
/** @typedef {import("./weight_matrix.js").MatrixOptions} MatrixOptions */

/**
 * @typedef {object} HeadEntry
 * @property {number} layer index
 * @property {number} head index
 * @property {string} name "3.1", by the original numbers
 * @property {number} value
 * @property {boolean} masked all of its weights are masked
 * @property {number} least smaller magnitudes are stored as 0
 * @property {string} [pattern] the pattern of the head
 */

/**
 * The groups that contain some tokens, without repetition.
 * @param {number[]} groupOf @param {number[]} positions
 */
const groupsOf = (groupOf, positions) =>
	[...new Set(positions.map((position) => groupOf[position]))].filter((group) => group >= 0);

/**
 * All heads with the weight of a query on a key, largest first. Of several keys their sum, of
 * several queries their mean. Only the rows of the queries are decoded. Resolves to null if no
 * longer current, or if a token is omitted under the options.
 * @param {MapFacts & {layers: number[], heads: number[]}} map
 * @param {QuantizedArray} array
 * @param {number[]} queries positions @param {number[]} keys positions
 * @param {MatrixOptions} [options]
 * @param {SliceOptions} [work]
 * @returns {Promise<HeadEntry[] | null>}
 */
export async function rankByPair(map, array, queries, keys, options = {}, work = {}) {
	const { rows, columns } = groupMap(map, options);
	const rowGroups = groupsOf(rows.groupOf, queries).map((group) => rows.groups[group].members);
	const pair = {
		queries: rowGroups.flat(),
		members: indicesInOrder(rowGroups),
		columnOf: columns.groupOf,
		nColumn: columns.groups.length,
		columns: groupsOf(columns.groupOf, keys),
		renormalise: Boolean(options.renormalise) && columns.groupOf.includes(-1) && !map.signed,
	};
	if (!rowGroups.length || !pair.columns.length) return null;
	const slices = new Slices(work);
	/** @type {HeadEntry[]} */
	const entries = [];
	for (const [layer, number] of map.layers.entries()) {
		if (!array.isLoaded(layer)) await array.load(layer);
		if (!(await slices.next(layer, map.layers.length))) return null;
		for (const [head, name] of map.heads.entries()) {
			entries.push({ layer, head, name: `${number}.${name}`, ...pairWeight(array, layer, head, pair) });
		}
	}
	work.onProgress?.(map.layers.length, map.layers.length);
	return sortByMagnitude(entries);
}

/** Rows counted from 0 in groups of the given sizes. @param {number[][]} groups */
function indicesInOrder(groups) {
	let next = 0;
	return groups.map((group) => group.map(() => next++));
}

/**
 * @typedef {object} Pair
 * @property {number[]} queries @property {number[][]} members @property {number[]} columnOf
 * @property {number} nColumn @property {number[]} columns @property {boolean} renormalise
 */

/**
 * The weight of the queries on the columns in one head.
 * @param {QuantizedArray} array @param {number} layer @param {number} head @param {Pair} pair
 */
function pairWeight(array, layer, head, { queries, members, columnOf, nColumn, columns, renormalise }) {
	const dense = decodeHead(array, layer, head, queries);
	const gathered = gatherRows(dense, members, columnOf, nColumn);
	const { values, masked, least } = gathered;
	const matrix = { values, least, rows: { length: members.length }, columns: { length: nColumn } };
	if (renormalise) renormalizeRows(matrix);
	let [value, isMasked] = [0, true];
	members.forEach((_, r) => {
		for (const c of columns) {
			value += values[r * nColumn + c] / members.length;
			isMasked &&= masked[r * nColumn + c] === 1;
		}
	});
	return { value, masked: isMasked, least: Math.max(...least) };
}

/**
 * Largest magnitude first, masked last, else in the order of the map.
 * @template {{value: number, masked: boolean}} T
 * @param {T[]} entries
 */
export const sortByMagnitude = (entries) =>
	entries.toSorted(
		(a, b) => Number(a.masked) - Number(b.masked) || Math.abs(b.value) - Math.abs(a.value),
	);

/**
 * All heads in the order of a measure [layer][head]; heads without a value are last.
 * @param {{layers: number[], heads: number[]}} map
 * @param {(number | null)[][]} values
 * @param {{lowestFirst?: boolean, signed?: boolean, patterns?: (string | null)[][]}} [options]
 *   signed measures are ranked by their magnitude
 * @returns {HeadEntry[]}
 */
export function rankByMeasure(map, values, { lowestFirst = false, signed = false, patterns } = {}) {
	const entries = map.layers.flatMap((number, layer) =>
		map.heads.map((name, head) => ({
			...{ layer, head, name: `${number}.${name}`, least: 0 },
			value: values[layer][head] ?? NaN,
			masked: values[layer][head] === null,
			pattern: patterns?.[layer][head] ?? undefined,
		})),
	);
	if (signed) return sortByMagnitude(entries);
	const order = (/** @type {HeadEntry} */ a, /** @type {HeadEntry} */ b) =>
		Number(a.masked) - Number(b.masked) || (lowestFirst ? a.value - b.value : b.value - a.value);
	return entries.sort((a, b) => order(a, b) || 0);
}
