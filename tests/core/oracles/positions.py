"""How order enters a score, one query and one key at a time.

Queries and keys come turned already; test_positions.py judges the turning itself.
"""

import math

import numpy as np

from tests.core.oracles.loops import by_rows, inner, matvec, scaled_dot, softmax_row
from tests.core.oracles.relative_positions import place, sigmoid, softplus


def polar(variant, inputs, h, q, k):
    d, total = inputs.query.shape[-1], 0.0
    for c in range(d):
        size = softplus(float(inputs.query[h, q, c])) * softplus(float(inputs.key[h, k, c]))
        shift = min(max(float(inputs.learned["phase_polar"][h][c]), -2 * math.pi), 0.0)
        pace = 10000 ** (-c / d)
        total += size * math.cos((k - place(inputs, q)) * pace + shift)
    return total / math.sqrt(d)


def contextual(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    farthest = variant.normalize.farthest
    for h in range(n_head):
        table = inputs.learned["e_contextual"][h]
        for q in range(n_query):
            i = place(inputs, q)
            plain = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            scores = []
            for j in range(n_key):
                p = min(sum(sigmoid(plain[at]) for at in range(j, i + 1)), farthest)
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
    """The maps between key and query, written out as matrices."""
    d, i = inputs.query.shape[-1], place(inputs, q)
    vector = [float(x) for x in inputs.key[h, k]]
    for at in range(k + 1, i + 1):
        x = inputs.key_input[at]
        w = matvec(inputs.learned["w_reflect"][h], x)
        length = math.sqrt(inner(w, w))
        w = [c / length for c in w]
        pull = inner(inputs.learned["u_reflect"][h], x) + float(inputs.learned["b_reflect"][h])
        beta = 2 * sigmoid(pull)
        bend = [[(r == c) - beta * w[r] * w[c] for c in range(d)] for r in range(d)]
        vector = matvec(bend, vector)
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
    "rope-llama3": by_rows(scaled_dot),
    "yarn": by_rows(scaled_dot),
    "xpos": by_rows(scaled_dot),
    "pope": by_rows(polar),
    "cope": contextual,
    "path": by_rows(path),
}
