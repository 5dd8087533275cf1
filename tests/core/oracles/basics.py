"""Oracles of the basic mechanisms, in loops."""

import math

from tests.core.oracles.loops import by_rows, dot, scaled_dot


def best_only(scores, seen):
    """1 at the largest visible score, ties: first key."""
    best = None
    for k, (score, is_visible) in enumerate(zip(scores, seen, strict=True)):
        if is_visible and (best is None or score > scores[best]):
            best = k
    return [float(k == best) for k in range(len(scores))]


def log_letters(variant, inputs, h, q, k):
    letters = inputs.grid.token_features["letters"][1][k]
    return math.log(letters) if letters else -math.inf


ORACLES = {
    "multihead": by_rows(scaled_dot),
    "dot": by_rows(dot),
    "scaled-dot": by_rows(scaled_dot),
    "self": by_rows(scaled_dot),
    "cross": by_rows(scaled_dot),
    "soft": by_rows(scaled_dot),
    "hard": by_rows(scaled_dot, best_only),
    "causal": by_rows(scaled_dot),
    "padding": by_rows(scaled_dot),
    "length": by_rows(log_letters),
}
