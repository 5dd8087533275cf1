"""What happens to scores before the normalizer, one at a time."""

import math

import numpy as np

from attnviz.core.seeded_random import draw
from tests.core.oracles.loops import by_rows, dot, scaled_dot, softmax_row


def inverse_width(variant, inputs, h, q, k):
    return dot(variant, inputs, h, q, k) / inputs.query.shape[-1]


def half_temperature(variant, inputs, h, q, k):
    return scaled_dot(variant, inputs, h, q, k) / 0.5


def softcap(variant, inputs, h, q, k):
    return 50 * math.tanh(scaled_dot(variant, inputs, h, q, k) / 50)


def scalable(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        s = float(inputs.learned["s_scalable"][h])
        for q in range(n_query):
            n = q + n_key - n_query + 1
            scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            mass = [
                n ** (s * score) if visible[h, q, k] else 0.0 for k, score in enumerate(scores)
            ]
            weights[h, q] = [m / sum(mass) for m in mass]
    return weights


def growing(variant, inputs, h, q, k):
    position = q + inputs.key.shape[1] - inputs.query.shape[1]
    steps = math.floor((position + 1) / variant.scale.floor)
    factor = 1 + variant.scale.growth * math.log(steps + 1)
    return factor * scaled_dot(variant, inputs, h, q, k)


def gumbel(variant, inputs, visible):
    """The noise is a draw like any other: even numbers, by head and row."""
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        for q in range(n_query):
            even = draw((n_key,), 0, "gumbel", h, q, variance=1 / 3)  # [-1, 1)
            noise = [-math.log(-math.log((float(x) + 1) / 2)) for x in even]
            scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            shaken = [(s + g) / 0.5 for s, g in zip(scores, noise, strict=True)]
            weights[h, q] = softmax_row(shaken, visible[h, q])
    return weights


ORACLES = {
    "mup": by_rows(inverse_width),
    "temperature": by_rows(half_temperature),
    "softcap": by_rows(softcap),
    "scalable-softmax": scalable,
    "growing-temperature": by_rows(growing),
    "gumbel": gumbel,
}
