"""Oracles of structured matrices: trees by enumeration, rows and columns by division, FFT."""

from __future__ import annotations

from itertools import product

import numpy as np


def exponentials(inputs, visible):
    d = inputs.query.shape[-1]
    scores = [q @ k.T / np.sqrt(d) for q, k in zip(inputs.query, inputs.key, strict=True)]
    return np.exp(np.array(scores)) * visible


def sinkhorn(variant, inputs, visible):
    weights = exponentials(inputs, visible)
    weights = weights / weights.sum(2, keepdims=True)
    for _ in range(variant.normalize.rounds):
        weights = weights / weights.sum(1, keepdims=True)
        weights = weights / weights.sum(2, keepdims=True)
    return weights


def slot_attention(variant, inputs, visible):
    weights = exponentials(inputs, visible)
    weights = weights / weights.sum(1, keepdims=True)
    return weights / weights.sum(2, keepdims=True)


def tree(variant, inputs, visible):
    """Every assignment of heads that is a tree with one root."""
    weights = np.zeros(visible.shape)
    for h, edges in enumerate(exponentials(inputs, visible)):
        n, total = len(edges), 0.0
        roots = np.exp(inputs.query[h] @ inputs.params["w_root"][h])
        for heads in product(range(n), repeat=n):
            if is_tree(heads):
                weight = np.prod(
                    [roots[i] if head == i else edges[i, head] for i, head in enumerate(heads)]
                )
                total += weight
                for i, head in enumerate(heads):
                    weights[h, i, head] += weight * (head != i)
        weights[h] /= total
    return weights


def is_tree(heads):
    """Whether exactly one token is its own head, and all others lead to it."""
    roots = [i for i, head in enumerate(heads) if head == i]
    if len(roots) != 1:
        return False
    for start in range(len(heads)):
        token = start
        for _ in heads:
            token = heads[token]
        if token != roots[0]:
            return False
    return True


def pooling(variant, inputs, visible):
    n_query, n_key = visible.shape[1:]
    means = np.array([[row / sum(row) for row in head * 1.0] for head in visible])
    return means - np.eye(n_query, n_key, n_key - n_query)


def fourier(variant, inputs, visible):
    n = visible.shape[-1]
    waves = np.fft.fft(np.eye(n))
    return np.stack([waves.real if h % 2 == 0 else -waves.imag for h in range(visible.shape[0])])


ORACLES = {
    "sinkhorn": sinkhorn,
    "inverted": slot_attention,
    "matrix-tree": tree,
    "pooling": pooling,
    "fourier": fourier,
}
