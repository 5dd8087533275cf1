"""Oracles of query-free scores, one at a time."""

import math

import numpy as np

from tests.core.oracles.loops import by_rows, inner, matvec


def feed_forward(variant, inputs, h, q, k):
    worth = inner(inputs.params["w_worth"][h], inputs.key[h, k])
    return math.tanh(worth + float(inputs.params["b_worth"][h]))


def structured_self(variant, inputs, h, q, k):
    hidden = [math.tanh(x) for x in matvec(inputs.params["w_views"][0], inputs.key[h, k])]
    return inner(inputs.params["v_views"][h], hidden)


def dense(variant, inputs, h, q, k):
    hidden = matvec(inputs.params["w_synthetic"][h], inputs.query_input[q])
    return inner(inputs.params["u_synthetic"][h][k], [max(x, 0.0) for x in hidden])


def random(variant, inputs, h, q, k):
    return float(inputs.params["r_synthetic"][h][q][k])


def factored(variant, inputs, h, q, k):
    return inner(inputs.params["r_query_synthetic"][h][q], inputs.params["r_key_synthetic"][h][k])


def average(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        for q in range(n_query):
            at = q + n_key - n_query
            for k in range(at + 1):
                weights[h, q, k] = 1 / (at + 1)
    return weights


def hard_coded(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        for q in range(n_query):
            centre = q + n_key - n_query + (-1, 1)[h % 2]
            for k in range(n_key):
                density = math.exp(-((k - centre) ** 2) / 2)
                weights[h, q, k] = density / math.sqrt(2 * math.pi)
    return weights


def pma(variant, inputs, h, q, k):
    seed = inputs.params["s_seed"][h]
    return inner(seed, inputs.key[h, k]) / math.sqrt(len(seed))


ORACLES = {
    "pma": by_rows(pma),
    "feed-forward": by_rows(feed_forward),
    "structured-self": by_rows(structured_self),
    "synthesizer-dense": by_rows(dense),
    "synthesizer-random": by_rows(random),
    "synthesizer-factored": by_rows(factored),
    "average": average,
    "hard-coded": hard_coded,
}
