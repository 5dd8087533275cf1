// The steps from query and key vectors to the weights of a row: q·k, times the scale, mask,
// exponential, divided by the sum. Only for mechanisms of which these are all steps.

/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */

/**
 * @typedef {object} KeySteps the steps of one key
 * @property {number} dot q·k
 * @property {number} score scale · q·k
 * @property {boolean} masked
 * @property {number} exponential exp(score − largest score of a visible key); 0 if masked
 * @property {number} weight the exponential over the sum of all; 0 if masked
 */

/**
 * @param {ArrayLike<number>} query [dimension]
 * @param {ArrayLike<number>[]} keys [key][dimension]
 * @param {ArrayLike<number>} masked [key]
 * @param {number} scale
 * @returns {{keys: KeySteps[], largest: number, sum: number}}
 */
export function computeSteps(query, keys, masked, scale) {
	const dots = keys.map((key) => dotProduct(query, key));
	const scores = dots.map((dot) => scale * dot);
	const visible = scores.filter((_, i) => !masked[i]);
	const largest = visible.length ? Math.max(...visible) : 0;
	const exponentials = scores.map((score, i) => (masked[i] ? 0 : Math.exp(score - largest)));
	const sum = exponentials.reduce((a, b) => a + b, 0);
	const steps = (/** @type {number} */ dot, /** @type {number} */ i) => ({
		dot,
		score: scores[i],
		masked: Boolean(masked[i]),
		exponential: exponentials[i],
		weight: sum ? exponentials[i] / sum : 0,
	});
	return { keys: dots.map(steps), largest, sum };
}

/**
 * The steps of all keys of a query of a head, from the stored vectors of a loaded layer.
 * @param {{query_vectors: QuantizedArray, key_vectors: QuantizedArray, weights: QuantizedArray}} arrays
 * @param {number} layer @param {number} head @param {number} query @param {number} scale
 */
export function stepsOfQuery({ query_vectors, key_vectors, weights }, layer, head, query, scale) {
	const nKey = weights.shape[3];
	const masked = new Uint8Array(nKey);
	weights.readRow(layer, head, query, new Float64Array(nKey), masked);
	const keys = Array.from({ length: nKey }, (_, key) => key_vectors.values(layer, head, key));
	return computeSteps(query_vectors.values(layer, head, query), keys, masked, scale);
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function dotProduct(a, b) {
	let sum = 0;
	for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
	return sum;
}
