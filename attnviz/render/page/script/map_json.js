// A map as the JSON document of the command, which `attnviz render` reads.

import { asciiJson, exactNumber } from "./csv_cells.js";
import { decodeHead } from "./dense_head.js";
import { Slices } from "./slices.js";

/** @typedef {import("./dense_head.js").DenseHead} DenseHead */
/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */
/** @typedef {import("./slices.js").SliceOptions} SliceOptions */

const HEADER = ["format", "format_version", "text", "context", "queries", "keys", "layers", "heads", "names"];

/**
 * The document in parts of text, for a Blob; null if no longer current. Its numbers are those of
 * the page, which has rounded them.
 * @param {Record<string, any>} map the record of the page
 * @param {{weights: QuantizedArray, query_vectors?: QuantizedArray, key_vectors?: QuantizedArray}} arrays
 * @param {SliceOptions} [work]
 * @returns {Promise<string[] | null>}
 */
export async function mapJson(map, arrays, work = {}) {
	const header = HEADER.filter((name) => map[name] !== undefined);
	const parts = [`{${header.map((name) => `"${name}":${toJson(map[name])}`).join(",")}`];
	/** @type {[string, QuantizedArray | undefined, (head: DenseHead) => ArrayLike<number>][]} */
	const fields = [
		["weights", arrays.weights, ({ values }) => values],
		["hidden", arrays.weights, ({ masked }) => masked],
		["query_vectors", arrays.query_vectors, ({ values }) => values],
		["key_vectors", arrays.key_vectors, ({ values }) => values],
	];
	for (const [name, array, read] of fields) {
		if (!array) continue;
		const text = await arrayJson(array, read, work);
		if (!text) return null;
		const isEmpty = name === "hidden" && text.every((part) => !part.includes("1"));
		parts.push(`,"${name}":`, ...(isEmpty ? ["null"] : text));
	}
	parts.push(`,"meta":${toJson(map.meta ?? {})}}\n`);
	return parts;
}

/** JSON of ASCII characters, as the command writes it. @param {any} value */
const toJson = (value) =>
	JSON.stringify(value).replace(/"(?:[^"\\]|\\.)*"/g, (text) => asciiJson(JSON.parse(text)));

/**
 * An array [layer][head][row][column] in parts of text, one per head.
 * @param {QuantizedArray} array @param {(head: DenseHead) => ArrayLike<number>} read
 * @param {SliceOptions} work
 */
async function arrayJson(array, read, work) {
	const [nLayer, nHead] = array.shape;
	const slices = new Slices(work);
	/** @type {string[]} */
	const parts = [];
	for (let layer = 0; layer < nLayer; layer++) {
		await array.load(layer);
		for (let head = 0; head < nHead; head++) {
			if (!(await slices.next(layer * nHead + head, nLayer * nHead))) return null;
			const before = head ? "," : layer ? "],[" : "[[";
			parts.push(before, rowsJson(read(decodeHead(array, layer, head)), array.shape[3]));
		}
	}
	parts.push("]]");
	return parts;
}

/** Rows as nested lists. @param {ArrayLike<number>} values [row · column] @param {number} n columns */
function rowsJson(values, n) {
	const rows = [];
	for (let start = 0; start < values.length; start += n) {
		const row = Array.prototype.slice.call(values, start, start + n);
		rows.push(`[${row.map(exactNumber).join(",")}]`);
	}
	return `[${rows.join(",")}]`;
}
