"""Oracles of score functions, one query and one key at a time."""

import math

import numpy as np

from tests.core.oracles.loops import by_rows, dot, inner, matvec, softmax_row


def vectors(inputs, h, q, k):
    """The query and the key, as lists."""
    return [float(x) for x in inputs.query[h, q]], [float(x) for x in inputs.key[h, k]]


def softplus(x):
    return math.log(1.0 + math.exp(x))


def tanh_layer(*sums):
    """tanh of the sum of several vectors."""
    return [math.tanh(sum(terms)) for terms in zip(*sums, strict=True)]


def normed_additive(variant, inputs, h, q, k):
    own = {name: inputs.params[f"{name}_normed"][h] for name in "wubvg"}
    query, key = vectors(inputs, h, q, k)
    hidden = tanh_layer(matvec(own["w"], query), matvec(own["u"], key), own["b"])
    length = math.sqrt(inner(own["v"], own["v"]))
    return float(own["g"]) * inner(own["v"], hidden) / length


def tanh_sum(variant, inputs, h, q, k):
    a, c = (float(inputs.params[f"{name}_tanh_sum"][h]) for name in "ac")
    query, key = vectors(inputs, h, q, k)
    return a * sum(math.tanh(c * (x + y)) for x, y in zip(query, key, strict=True))


def scaled_luong(variant, inputs, h, q, k):
    return float(inputs.params["g_gain"][h]) * dot(variant, inputs, h, q, k)


def trilinear(variant, inputs, h, q, k):
    query, key = vectors(inputs, h, q, k)
    product = [x * y for x, y in zip(query, key, strict=True)]
    return inner(inputs.params["w_trilinear"][h], query + key + product)


def biaffine(variant, inputs, h, q, k):
    query, key = vectors(inputs, h, q, k)
    matched = inner(query, matvec(inputs.params["w_biaffine"][h], key))
    return matched + inner(inputs.params["u_biaffine"][h], key)


def relu_layer(matrix, vector):
    return [max(x, 0.0) for x in matvec(matrix, vector)]


def symmetric(variant, inputs, h, q, k):
    query, key = (relu_layer(inputs.params["w_symmetric"][h], v) for v in vectors(inputs, h, q, k))
    weights = inputs.params["d_symmetric"][h]
    return sum(float(w) * x * y for w, x, y in zip(weights, query, key, strict=True))


def decomposable(variant, inputs, h, q, k):
    inner_layer = inputs.params["w_decompose_inner"][h]
    outer_layer = inputs.params["w_decompose_outer"][h]
    query, key = (
        relu_layer(outer_layer, relu_layer(inner_layer, v)) for v in vectors(inputs, h, q, k)
    )
    return inner(query, key)


def cosine(variant, inputs, h, q, k):
    query, key = vectors(inputs, h, q, k)
    return inner(query, key) / math.sqrt(inner(query, query) * inner(key, key))


def query_key_norm(variant, inputs, h, q, k):
    return float(inputs.params["g_length"][h]) * cosine(variant, inputs, h, q, k)


def scaled_cosine(variant, inputs, h, q, k):
    temperature = max(math.exp(float(inputs.params["t_temperature"][h])), 0.01)
    return cosine(variant, inputs, h, q, k) / temperature


def key_strength(variant, inputs, h, q, k):
    beta = softplus(inner(inputs.params["w_strength"][h], inputs.query_input[q]))
    return beta * cosine(variant, inputs, h, q, k)


def layer_norm(vector):
    mean = sum(vector) / len(vector)
    variance = sum((x - mean) ** 2 for x in vector) / len(vector)
    return [(x - mean) / math.sqrt(variance + 1e-6) for x in vector]


def rms_norm(vector):
    return [x / math.sqrt(inner(vector, vector) / len(vector) + 1e-6) for x in vector]


def normed_dot(norm):
    def score(variant, inputs, h, q, k):
        query, key = (norm(v) for v in vectors(inputs, h, q, k))
        return inner(query, key) / math.sqrt(len(query))

    return score


def squared_distance(inputs, h, q, k):
    query, key = vectors(inputs, h, q, k)
    return sum((x - y) ** 2 for x, y in zip(query, key, strict=True))


def distance(variant, inputs, h, q, k):
    return -squared_distance(inputs, h, q, k) / math.sqrt(inputs.query.shape[-1])


def gaussian_kernel(variant, inputs, h, q, k):
    return -squared_distance(inputs, h, q, k) / (2 * variant.scale.bandwidth**2)


def hopfield(variant, inputs, visible):
    """The softmax update of the state, iterated `steps` times; weights of the last one."""
    n_head, n_query, _ = inputs.query.shape
    keys, beta = inputs.key, variant.normalize.beta
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        for q in range(n_query):
            state = [float(x) for x in inputs.query[h, q]]
            for _ in range(variant.normalize.steps):
                row = softmax_row([beta * inner(state, key) for key in keys[h]], visible[h, q])
                state = [inner(row, column) for column in keys[h].T]
            weights[h, q] = row
    return weights


def row_by_row(term, suffix):
    """Additive attention row by row; `term` adds a function of past weights inside the tanh."""

    def oracle(variant, inputs, visible):
        own = {n: inputs.params[f"{n}_{suffix}"] for n in "wubv"}
        more = inputs.params
        weights = np.zeros(visible.shape)
        n_head, n_query, n_key = visible.shape
        for h in range(n_head):
            past = []
            for q in range(n_query):
                scores = []
                for k in range(n_key):
                    query, key = vectors(inputs, h, q, k)
                    hidden = tanh_layer(
                        matvec(own["w"][h], query),
                        matvec(own["u"][h], key),
                        own["b"][h],
                        term(more, h, k, past, n_key),
                    )
                    scores.append(inner(own["v"][h], hidden))
                past.append(softmax_row(scores, visible[h, q]))
                weights[h, q] = past[-1]
        return weights

    return oracle


def location_term(own, h, k, past, n_key):
    last = past[-1] if past else [0.0] * n_key
    features = []
    for kernel in own["f_location_sensitive"][h]:
        reach = len(kernel) // 2
        near = [(kernel[i], k + i - reach) for i in range(len(kernel))]
        features.append(sum(float(w) * last[j] for w, j in near if 0 <= j < n_key))
    return matvec(own["c_location_sensitive"][h], features)


def coverage_term(own, h, k, past, n_key):
    total = sum(row[k] for row in past)
    return [float(w) * total for w in own["c_coverage"][h]]


def query_to_context(variant, inputs, visible):
    n_head, n_query, n_key = visible.shape
    weights = np.zeros(visible.shape)
    for h in range(n_head):
        best = [
            max(trilinear(variant, inputs, h, q, k) for q in range(n_query)) for k in range(n_key)
        ]
        weights[h] = softmax_row(best, [True] * n_key)
    return weights


ORACLES = {
    "query-to-context": query_to_context,
    "normed-additive": by_rows(normed_additive),
    "tanh-sum": by_rows(tanh_sum),
    "scaled-luong": by_rows(scaled_luong),
    "trilinear": by_rows(trilinear),
    "biaffine": by_rows(biaffine),
    "symmetric": by_rows(symmetric),
    "decomposable": by_rows(decomposable),
    "cosine": by_rows(cosine),
    "query-key-norm": by_rows(query_key_norm),
    "scaled-cosine": by_rows(scaled_cosine),
    "key-strength": by_rows(key_strength),
    "qk-layernorm": by_rows(normed_dot(layer_norm)),
    "qk-rmsnorm": by_rows(normed_dot(rms_norm)),
    "distance": by_rows(distance),
    "gaussian-kernel": by_rows(gaussian_kernel),
    "hopfield": hopfield,
    "location-sensitive": row_by_row(location_term, "location_sensitive"),
    "coverage": row_by_row(coverage_term, "coverage"),
}
