// The weights of one head, as numbers.

/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */

/**
 * @typedef {object} DenseHead
 * @property {number} nQuery
 * @property {number} nKey
 * @property {Float64Array} values [query · key]; masked ones are 0
 * @property {Uint8Array} masked [query · key]
 * @property {Float64Array} sums [query]: the exact row sums
 * @property {Float64Array} least [query]: smaller magnitudes are stored as 0
 * @property {Float64Array} errors [query]: the largest rounding error of a value
 * @property {boolean} signed
 * @property {string} [rowSum] "1", "at most 1" or "any", where it is not that of the map
 */

/** @param {number} nQuery @param {number} nKey @param {boolean} signed @returns {DenseHead} */
export function emptyHead(nQuery, nKey, signed) {
	const [values, masked] = [new Float64Array(nQuery * nKey), new Uint8Array(nQuery * nKey)];
	const [sums, least, errors] = [0, 0, 0].map(() => new Float64Array(nQuery));
	return { nQuery, nKey, values, masked, sums, least, errors, signed };
}

/**
 * The rows of a head of a layer that is loaded, by indices.
 * @param {QuantizedArray} array @param {number} layer @param {number} head
 * @param {number[]} [queries] all by default
 * @returns {DenseHead} one row per query, in the order of `queries`
 */
export function decodeHead(array, layer, head, queries) {
	const [, , nQuery, nKey] = array.shape;
	const rows = queries ?? Array.from({ length: nQuery }, (_, i) => i);
	const dense = emptyHead(rows.length, nKey, array.signed);
	rows.forEach((query, row) => {
		const [from, to] = [row * nKey, (row + 1) * nKey];
		const [values, masked] = [dense.values.subarray(from, to), dense.masked.subarray(from, to)];
		const { sum, least, error } = array.readRow(layer, head, query, values, masked);
		dense.sums[row] = sum;
		dense.least[row] = least;
		dense.errors[row] = error;
	});
	return dense;
}
