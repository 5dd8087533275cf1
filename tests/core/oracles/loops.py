"""Loops shared by the oracles: Python floats, arrays only for results."""

import math

import numpy as np


def inner(a, b):
    """Σ a·b"""
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def matvec(matrix, vector):
    """W x"""
    return [inner(row, vector) for row in matrix]


def softmax_row(scores, seen):
    """exp / Σ exp over the visible keys; all zero where there are none."""
    visible = [s for s, is_visible in zip(scores, seen, strict=True) if is_visible]
    if not visible:
        return [0.0] * len(scores)
    top = max(visible)
    if top == -math.inf:
        return [0.0] * len(scores)
    mass = [
        math.exp(s - top) if is_visible else 0.0
        for s, is_visible in zip(scores, seen, strict=True)
    ]
    total = math.fsum(mass)
    return [m / total for m in mass]


def by_rows(score, row=softmax_row):
    """An oracle from a function for one score and a function for one row.

    score(variant, inputs, h, q, k) -> float; row(scores, seen) -> weights
    """

    def oracle(variant, inputs, visible):
        n_head, n_query, _ = inputs.query.shape
        n_key = inputs.key.shape[1]
        weights = np.zeros((n_head, n_query, n_key))
        for h in range(n_head):
            for q in range(n_query):
                scores = [score(variant, inputs, h, q, k) for k in range(n_key)]
                weights[h, q] = row(scores, visible[h, q])
        return weights

    return oracle


def dot(variant, inputs, h, q, k):
    """q·k"""
    return inner(inputs.query[h, q], inputs.key[h, k])


def scaled_dot(variant, inputs, h, q, k):
    """q·k/√d"""
    return dot(variant, inputs, h, q, k) / math.sqrt(inputs.query.shape[-1])
