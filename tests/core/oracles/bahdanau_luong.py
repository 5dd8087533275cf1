"""Oracles of Bahdanau and Luong attention, in loops."""

import math

import numpy as np

from tests.core.oracles.loops import by_rows, inner, matvec, softmax_row


def additive(variant, inputs, h, q, k):
    of_query = matvec(inputs.params["w_additive"][h], inputs.query[h, q])
    of_key = matvec(inputs.params["u_additive"][h], inputs.key[h, k])
    energy = [math.tanh(a + b) for a, b in zip(of_query, of_key, strict=True)]
    return inner(inputs.params["v_additive"][h], energy)


def general(variant, inputs, h, q, k):
    return inner(inputs.query[h, q], matvec(inputs.params["w_general"][h], inputs.key[h, k]))


def local_p(variant, inputs, visible):
    n_head, n_query, _ = inputs.query.shape
    n_key = inputs.key.shape[1]
    reach = variant.normalize.reach
    weights = np.zeros((n_head, n_query, n_key))
    for h in range(n_head):
        for q in range(n_query):
            hidden = map(math.tanh, matvec(inputs.params["w_centre"][h], inputs.query[h, q]))
            centre = inner(inputs.params["v_centre"][h], hidden)
            centre_position = (n_key - 1) / (1 + math.exp(-centre))
            seen = [visible[h, q, k] and abs(k - centre_position) <= reach for k in range(n_key)]
            scores = [general(variant, inputs, h, q, k) for k in range(n_key)]
            for k, weight in enumerate(softmax_row(scores, seen)):
                sigma = reach / 2
                weights[h, q, k] = weight * math.exp(
                    -((k - centre_position) ** 2) / (2 * sigma**2)
                )
    return weights


def sinusoid(position, d):
    """The paper's encoding of one position, dimension by dimension."""
    waves = []
    for i in range(d):
        angle = position / 10000 ** (2 * (i // 2) / d)
        waves.append(math.cos(angle) if i % 2 else math.sin(angle))
    return waves


def positions_only(variant, inputs, h, q, k):
    d = inputs.query.shape[-1]
    at = q + max(inputs.key.shape[1] - inputs.query.shape[1], 0)
    return inner(sinusoid(at, d), sinusoid(k, d)) / math.sqrt(d)


def location_based(variant, inputs, h, q, k):
    return inner(inputs.params["w_location"][h][k], inputs.query[h, q])


ORACLES = {
    "additive": by_rows(additive),
    "global": by_rows(general),
    "local": by_rows(general),
    "local-p": local_p,
    "location": by_rows(positions_only),
    "location-based": by_rows(location_based),
}
