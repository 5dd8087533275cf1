"""Oracles of position encodings, one query and one key at a time.

Queries and keys are already rotated by position; test_positions.py checks the rotation.
"""

import math

import numpy as np

from tests.core.oracles.loops import by_rows, inner, matvec, scaled_dot, softmax_row
from tests.core.oracles.relative_positions import query_position, sigmoid, softplus


def pope(variant, inputs, h, q, k):
    d, total = inputs.query.shape[-1], 0.0
    for c in range(d):
        magnitude = softplus(float(inputs.query[h, q, c])) * softplus(float(inputs.key[h, k, c]))
        shift = min(max(float(inputs.params["phase_polar"][h][c]), -2 * math.pi), 0.0)
        frequency = 10000 ** (-c / d)
        total += magnitude * math.cos((k - query_position(inputs, q)) * frequency + shift)
    return total / math.sqrt(d)


def cope(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    max_position = variant.normalize.max_distance
    for h in range(n_head):
        table = inputs.params["e_contextual"][h]
        for q in range(n_query):
            i = query_position(inputs, q)
            plain = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            scores = []
            for j in range(n_key):
                p = min(sum(sigmoid(plain[at]) for at in range(j, i + 1)), max_position)
                low, high = math.floor(p), math.ceil(p)
                part = p - low
                e = [
                    (1 - part) * float(a) + part * float(b)
                    for a, b in zip(table[low], table[high], strict=True)
                ]
                scores.append(plain[j] + inner(inputs.query[h, q], e))
            weights[h, q] = softmax_row(scores, visible[h, q])
    return weights


def path(variant, inputs, h, q, k):
    """Householder matrices of the tokens between key and query, applied to the key."""
    d, i = inputs.query.shape[-1], query_position(inputs, q)
    vector = [float(x) for x in inputs.key[h, k]]
    for at in range(k + 1, i + 1):
        x = inputs.key_input[at]
        w = matvec(inputs.params["w_reflect"][h], x)
        length = math.sqrt(inner(w, w))
        w = [c / length for c in w]
        linear = inner(inputs.params["u_reflect"][h], x) + float(inputs.params["b_reflect"][h])
        beta = 2 * sigmoid(linear)
        householder = [[(r == c) - beta * w[r] * w[c] for c in range(d)] for r in range(d)]
        vector = matvec(householder, vector)
    return inner(inputs.query[h, q], vector) / math.sqrt(d)


ORACLES = {
    "nope": by_rows(scaled_dot),
    "sinusoidal": by_rows(scaled_dot),
    "learned-positions": by_rows(scaled_dot),
    "rope": by_rows(scaled_dot),
    "rope-interleaved": by_rows(scaled_dot),
    "rope-partial": by_rows(scaled_dot),
    "rope-linear": by_rows(scaled_dot),
    "rope-dynamic": by_rows(scaled_dot),
    "rope-ntk": by_rows(scaled_dot),
    "rope-p": by_rows(scaled_dot),
    "rope-llama3": by_rows(scaled_dot),
    "yarn": by_rows(scaled_dot),
    "xpos": by_rows(scaled_dot),
    "pope": by_rows(pope),
    "cope": cope,
    "path": by_rows(path),
}
