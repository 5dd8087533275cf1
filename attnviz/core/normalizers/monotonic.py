"""Monotonic attention: queries move over the keys from left to right and never go back.

Each row continues where the one before it stood, so rows cannot be made one by one. Energies
are the logits; before the first query, all weight stands on the first key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import share_of_sum, sigmoid, softmax
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import by_anyone, pairs


class Monotonic(Normalize):
    """A scan from the last place: at each key it stops with probability p, or moves on.

    Formula: α_ij = p_ij Σ_{k≤j} α_{i−1,k} Π_{k≤l<j} (1−p_il), p = σ(S + b), b learned;
    with a `chunk` of more keys than one, or 0 for all, what stops is shared out before the
    stop: Σ_{k≥j} α_ik softmax_l(u_i)_j over the last `chunk` keys l ≤ k, u = qᵀWk/√d
    Paper: 1704.00784, 1712.05382 (chunks), 1906.05218 (all); in expectation, as they are
    trained, so that what never stops is lost
    """

    name = "monotonic"
    row_sum = "at most 1"
    row_local = False
    limits: ClassVar = {"chunk": (0, 65536)}
    chunk: int = 1

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """b [], and for chunks W [d, d]"""
        made: dict[str, Shape] = {"b_monotonic": ()}
        return made if self.chunk == 1 else made | {"w_chunk": (sizes.d, sizes.d)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        energy = logits + inputs.param("b_monotonic")[:, None, None]
        stops = np.where(visible, sigmoid(np.where(visible, energy, 0.0)), 0.0)
        weights = expected(stops)
        return weights if self.chunk == 1 else self.spread(weights, visible, inputs)

    def spread(self, stops: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """What stops at a key, shared among the keys before it.    -> [head, query, key]"""
        shown = pairs(inputs, visible)
        key = np.where(by_anyone(shown).swapaxes(1, 2), inputs.key, 0.0)  # others: anything
        asked = inputs.query @ inputs.param("w_chunk") / np.sqrt(key.shape[-1])
        energy = asked @ key.swapaxes(1, 2)
        weights = np.zeros_like(stops)
        for k in range(stops.shape[-1]):
            some = slice(max(0, k + 1 - self.chunk) if self.chunk else 0, k + 1)
            shares = softmax(energy[..., some], shown[..., some])
            weights[..., some] += stops[..., k : k + 1] * shares
        return weights


class Stepwise(Normalize):
    """At each query the weight stays where it is, or moves on by one key.

    Formula: α_ij = α_{i−1,j} p_ij + α_{i−1,j−1} (1−p_{i,j−1}), p = σ(S)
    Paper: 1906.00672 (equation 8; what moves beyond the last key is lost)
    """

    name = "stepwise"
    row_sum = "at most 1"
    row_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = pairs(inputs, visible)
        stays = sigmoid(np.where(visible, logits, 0.0))
        weights, now = np.zeros_like(logits), start(logits)
        for i in range(logits.shape[1]):
            moved = later(now * (1.0 - stays[:, i]))
            now = np.where(shown[:, i], now * stays[:, i] + moved, 0.0)
            weights[:, i] = now
        return weights


class Forward(Normalize):
    """Softmax, kept to where the row before stood and one key further, and shared out anew.

    Formula: α_ij ∝ (α_{i−1,j} + α_{i−1,j−1}) softmax(S_i)_j
    Paper: 1807.06736 (without its transition agent)
    """

    name = "forward"
    row_sum = "at most 1"  # none where the mask hides both places
    row_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shares = softmax(logits, pairs(inputs, visible))
        weights, now = np.zeros_like(logits), start(logits)
        for i in range(logits.shape[1]):
            now = (now + later(now)) * shares[:, i]
            now = share_of_sum(now)
            weights[:, i] = now
        return weights


def expected(stops: FloatArray) -> FloatArray:
    """Where scans stop on average, of scans that start where the row before stopped.

    All pairs with the same i + j are made at once: each needs its left and its upper one.
    Shapes: [head, query, key] -> [head, query, key]
    """
    n_head, n_query, n_key = stops.shape
    weights = np.zeros((n_head, n_query + 1, n_key + 1), dtype=stops.dtype)
    passing = np.zeros_like(weights)  # what goes past each key; the edge passes nothing
    weights[:, 0, 1:2] = 1.0
    for both in range(n_query + n_key - 1):
        i = np.arange(max(0, both - n_key + 1), min(both + 1, n_query))
        j = both - i
        arriving = weights[:, i, j + 1] + passing[:, i + 1, j]
        weights[:, i + 1, j + 1] = arriving * stops[:, i, j]
        passing[:, i + 1, j + 1] = arriving * (1.0 - stops[:, i, j])
    return weights[:, 1:, 1:]


def start(logits: FloatArray) -> FloatArray:
    """All weight on the first key.    [head, query, key] -> [head, key]"""
    now = np.zeros((logits.shape[0], logits.shape[2]), dtype=logits.dtype)
    now[:, :1] = 1.0
    return now


def later(weights: FloatArray) -> FloatArray:
    """Everything one key further; the last falls off.    [head, key] -> [head, key]"""
    return np.concatenate([np.zeros_like(weights[:, :1]), weights[:, :-1]], axis=1)


PARTS = (Monotonic, Stepwise, Forward)
