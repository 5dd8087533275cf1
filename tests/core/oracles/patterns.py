"""Masks as sets of keys per query."""

import numpy as np

from tests.core.oracles.loops import scaled_dot, softmax_row


def over(keys):
    """An oracle from the visible keys of one query: keys(i, n_key, h) -> positions."""

    def oracle(variant, inputs, visible):
        n_head, n_query, n_key = visible.shape
        weights = np.zeros(visible.shape)
        for h in range(n_head):
            for q in range(n_query):
                listed = set(keys(q + n_key - n_query, n_key, h))
                seen = [k in listed for k in range(n_key)]
                scores = [scaled_dot(variant, inputs, h, q, k) for k in range(n_key)]
                weights[h, q] = softmax_row(scores, seen)
        return weights

    return oracle
