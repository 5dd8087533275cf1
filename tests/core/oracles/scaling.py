"""Oracles of score scaling and logit transforms, one score at a time."""

import math

import numpy as np

from attnviz.core.seeded_random import draw_uniform
from tests.core.oracles.loops import by_rows, dot, scaled_dot, softmax_row


def inverse_dim(variant, inputs, h, q, k):
    return dot(variant, inputs, h, q, k) / inputs.query.shape[-1]


def half_temperature(variant, inputs, h, q, k):
    return scaled_dot(variant, inputs, h, q, k) / 0.5


def softcap(variant, inputs, h, q, k):
    return 50 * math.tanh(scaled_dot(variant, inputs, h, q, k) / 50)


def scalable(variant, inputs, visible):
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        s = float(inputs.params["s_scalable"][h])
        for q in range(n_query):
            n = q + n_key - n_query + 1
            scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            mass = [
                n ** (s * score) if visible[h, q, k] else 0.0 for k, score in enumerate(scores)
            ]
            weights[h, q] = [m / sum(mass) for m in mass]
    return weights


def temperature_tuning(variant, inputs, h, q, k):
    position = q + inputs.key.shape[1] - inputs.query.shape[1]
    steps = math.floor((position + 1) / variant.scale.floor_scale)
    factor = 1 + variant.scale.attn_scale * math.log(steps + 1)
    return factor * scaled_dot(variant, inputs, h, q, k)


def gumbel(variant, inputs, visible):
    """The uniform numbers are drawn per head and query."""
    weights = np.zeros(visible.shape)
    n_head, n_query, n_key = visible.shape
    for h in range(n_head):
        for q in range(n_query):
            uniform = draw_uniform((n_key,), 0, "gumbel", h, q, variance=1 / 3)  # [-1, 1)
            noise = [-math.log(-math.log((float(x) + 1) / 2)) for x in uniform]
            scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
            noisy = [(s + g) / 0.5 for s, g in zip(scores, noise, strict=True)]
            weights[h, q] = softmax_row(noisy, visible[h, q])
    return weights


ORACLES = {
    "mup": by_rows(inverse_dim),
    "temperature": by_rows(half_temperature),
    "softcap": by_rows(softcap),
    "scalable-softmax": scalable,
    "growing-temperature": by_rows(temperature_tuning),
    "gumbel": gumbel,
}
