// The data of the page, as Python wrote them.

import { DataError, QuantizedArray, decodeBase64 } from "./quantized_array.js";

/** @typedef {import("./token_groups.js").Token} Token */
/** @typedef {{name: string, summary: string, unit: string, lowest_first: boolean, signed: boolean,
 *   note: string, low: number, high: number, values: (number | null)[][]}} Measure a measure of each
 *   head, [layer][head]; the note states what it depends on */
/** @typedef {{title: string, columns: string[], layers: number[], rows: string[][]}} LayerTable */
/** @typedef {{low: number, high: number, norm: "linear" | "sqrt" | "log", centered: boolean,
 *   note: string}} RequestedScale the note is on weights outside of it */
/** @typedef {{heading: string, rows: [string, string, number][]}} PredictionList */

/**
 * @typedef {object} PageMap a map of the page; layers and heads are named by their numbers
 * @property {string} name
 * @property {string} about
 * @property {string} kept
 * @property {[string, string][]} made
 * @property {string[]} views
 * @property {number[]} layers
 * @property {number[]} heads
 * @property {string[]} head_names
 * @property {Token[]} queries
 * @property {Token[]} keys
 * @property {{queries: string[], keys: string[]}} shown printable labels
 * @property {{queries: number[], keys: number[]}} words
 * @property {Record<string, [number | string, string][]>} lists choices, by the name of a control
 * @property {{special: boolean, words: boolean, renormalise: boolean}} offers
 * @property {Record<string, string>} captions
 * @property {boolean} signed
 * @property {string} row_sum
 * @property {number} largest the largest magnitude of a weight of the maps like it
 * @property {RequestedScale | null} [scale] the color scale that was requested
 * @property {{shown: PredictionList[], by_query: Record<string, PredictionList>}} [predicted]
 * @property {Measure[]} measures
 * @property {LayerTable | null} [logit_lens] the prediction after each layer
 * @property {({name: string, score: number} | null)[][]} [patterns]
 * @property {Record<string, string>} [pattern_summaries] what each of these patterns is
 * @property {{queries: number[], keys: number[]}} [borders]
 * @property {"turns" | "generated" | "segments" | ""} [border_kind] what the borders separate
 * @property {{queries: [number, number][], keys: [number, number][]} | null} [ranges] first and last token of a pooled cell
 * @property {number} index its place among the maps of the page
 * @property {QuantizedArray} array the weights
 * @property {QuantizedArray | null} queryVectors
 * @property {QuantizedArray | null} keyVectors
 * @property {(import("./weight_steps.js").ScoreSteps | null)[]} [score_steps] of each layer: how the weights follow from the vectors
 * @property {string} [no_steps] why there are no such steps
 */

/**
 * @typedef {object} PageData
 * @property {string} title
 * @property {Record<string, any>} start
 * @property {number} precision
 * @property {Record<string, Uint8Array>} palettes 256 × (red, green, blue, ink)
 * @property {string[]} diverging
 * @property {{signed: string, plain: string | null}} defaults
 * @property {number} largest
 * @property {"map" | "text"} choice what the maps differ in
 * @property {PageMap[]} maps
 */

/** @param {any} record @param {number} index @returns {PageMap} */
function readMap(record, index) {
	const array = (/** @type {any} */ packed) => (packed ? new QuantizedArray(packed) : null);
	return {
		measures: [],
		...record,
		index,
		array: array(record.weights),
		queryVectors: array(record.query_vectors),
		keyVectors: array(record.key_vectors),
	};
}

/** @returns {PageData} */
function readPageData() {
	const text = document.getElementById("data")?.textContent ?? "";
	try {
		const data = JSON.parse(text);
		const palettes = Object.entries(data.palettes).map(([name, colors]) => [name, decodeBase64(colors)]);
		return { ...data, palettes: Object.fromEntries(palettes), maps: data.maps.map(readMap) };
	} catch (error) {
		console.error(error);
		throw new DataError("The data of this page are damaged: save or copy the file again as a whole.");
	}
}

export const pageData = readPageData();
export const { maps, precision } = pageData;
