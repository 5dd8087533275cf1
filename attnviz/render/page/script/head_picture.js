// The picture of a head from its stored codes, with the options of the page.

import { decodeHead } from "./dense_head.js";
import { poolCodes } from "./pool_codes.js";
import { WeightMatrix, groupMap } from "./weight_matrix.js";

/** @typedef {import("./head_raster.js").Cells} Cells */
/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */
/** @typedef {import("./weight_matrix.js").MapFacts} MapFacts */
/** @typedef {import("./weight_matrix.js").MatrixOptions} MatrixOptions */

/**
 * The cells of a picture of at most `wide` × `high` pixels. Weights that options change (merged
 * words, renormalized rows) are computed as for the map, all others are pooled as codes.
 * @param {MapFacts} map @param {QuantizedArray} array @param {number} layer @param {number} head
 * @param {MatrixOptions} options @param {number} wide @param {number} high
 * @returns {Cells}
 */
export function pictureCells(map, array, layer, head, options, wide, high) {
	const grouping = groupMap(map, options);
	const isChanged = options.words || (options.renormalise && !array.signed);
	if (isChanged) return new WeightMatrix(map, decodeHead(array, layer, head), options);
	return poolCodes(array, layer, head, grouping, wide, high, options);
}
