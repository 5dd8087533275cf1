// The steps from query and key vectors to the weights of a row: q·k, times the scale, soft cap, bias
// of the distance, mask, softmax or sigmoid. Only for mechanisms of which these are all steps.

/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */

/**
 * @typedef {object} ScoreSteps of a layer, as `render/page/score_fits.py` finds them
 * @property {number} scale of q·k
 * @property {number | null} [cap] the soft cap of scores
 * @property {number[][] | null} [bias] [head][key − query, from 1 − queries on]
 * @property {number[] | null} [sink] [head]: exp(sink) is part of the sum
 * @property {boolean} [sigmoid] sigmoid in place of softmax
 * @property {boolean} [cosine] q·k / ‖q‖‖k‖ in place of q·k
 */

/**
 * @typedef {object} RowSteps the steps of one query of a head
 * @property {number} scale
 * @property {number | null} [cap]
 * @property {(key: number) => number} [bias]
 * @property {number | null} [sink]
 * @property {boolean} [sigmoid]
 * @property {boolean} [cosine]
 */

/**
 * @typedef {object} KeySteps the steps of one key
 * @property {number} dot q·k, or the cosine
 * @property {number} score scale · dot
 * @property {number} capped the score, soft-capped if it is
 * @property {number} bias
 * @property {number} logit
 * @property {boolean} masked
 * @property {number} exponential exp(logit − largest of a visible key or of the sink); 0 if masked
 * @property {number} weight the exponential over the sum of all, or the sigmoid; 0 if masked
 */

/**
 * @param {ArrayLike<number>} query [dimension]
 * @param {ArrayLike<number>[]} keys [key][dimension]
 * @param {ArrayLike<number>} masked [key]
 * @param {RowSteps} steps
 * @returns {{keys: KeySteps[], largest: number, sum: number}}
 */
export function computeSteps(query, keys, masked, { scale, cap, bias = () => 0, sink, sigmoid, cosine }) {
	const lengthOf = (/** @type {ArrayLike<number>} */ vector) => Math.sqrt(dotProduct(vector, vector)) || 1;
	const all = keys.map((key, i) => {
		const dot = dotProduct(query, key) / (cosine ? lengthOf(query) * lengthOf(key) : 1);
		const score = scale * dot;
		const capped = cap ? cap * Math.tanh(score / cap) : score;
		return { dot, score, capped, bias: bias(i), logit: capped + bias(i), masked: Boolean(masked[i]) };
	});
	const logits = all.filter((key) => !key.masked).map(({ logit }) => logit);
	const hasSink = sink !== null && sink !== undefined;
	const largest = logits.length || hasSink ? Math.max(...logits, ...(hasSink ? [sink] : [])) : 0;
	const exponentials = all.map(({ logit, masked: out }) => (out ? 0 : Math.exp(logit - largest)));
	const sum = exponentials.reduce((a, b) => a + b, hasSink ? Math.exp(sink - largest) : 0);
	const weightOf = (/** @type {number} */ logit, /** @type {number} */ exponential) =>
		sigmoid ? 1 / (1 + Math.exp(-logit)) : sum ? exponential / sum : 0;
	return {
		keys: all.map((key, i) => ({
			...key,
			exponential: exponentials[i],
			weight: key.masked ? 0 : weightOf(key.logit, exponentials[i]),
		})),
		largest,
		sum,
	};
}

/**
 * The steps of all keys of a query of a head, from the stored vectors of a loaded layer.
 * @param {{query_vectors: QuantizedArray, key_vectors: QuantizedArray, weights: QuantizedArray}} arrays
 * @param {number} layer @param {number} head @param {number} query @param {ScoreSteps} steps
 */
export function stepsOfQuery({ query_vectors, key_vectors, weights }, layer, head, query, steps) {
	const [, , nQuery, nKey] = weights.shape;
	const masked = new Uint8Array(nKey);
	weights.readRow(layer, head, query, new Float64Array(nKey), masked);
	const keys = Array.from({ length: nKey }, (_, key) => key_vectors.values(layer, head, key));
	const { bias, sink } = steps;
	return computeSteps(query_vectors.values(layer, head, query), keys, masked, {
		...steps,
		bias: bias ? (key) => bias[head][key - query + nQuery - 1] : undefined,
		sink: sink ? sink[head] : null,
	});
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function dotProduct(a, b) {
	let sum = 0;
	for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
	return sum;
}
