"""Scores: how well does a query match a key?    -> logits [head, query, key]"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.part import Inputs, Part, Sizes
from attnviz.core.positions import sinusoids
from attnviz.errors import MisuseError

Factors = tuple[tuple[str, FloatArray], tuple[str, FloatArray]]


class Score(Part):
    """How well each query matches each key; the scores are new numbers, which may be changed."""

    formula: ClassVar[str]

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not say how it scores")

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors | None:
        """Two named vectors whose inner product is this one score, where there are such.

        Shapes: -> [d], [d]
        """
        del inputs, head, query, key
        return None


class Dot(Score):
    """The inner product of query and key.

    Formula: q·k
    Paper: 1508.04025 (Luong's "dot")
    """

    name = "dot"
    formula = "q·k"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return inputs.query @ inputs.key.swapaxes(-1, -2)

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """q and k"""
        return ("q", inputs.query[head, query]), ("k", inputs.key[head, key])


class Bilinear(Score):
    """Query and key are compared through a learned matrix.

    Formula: qᵀ W k
    Paper: 1508.04025 (Luong's "general")
    """

    name = "general"
    aliases = ("bilinear",)
    formula = "qᵀWk"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d]"""
        return {"w_general": (sizes.d, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        matched = inputs.query @ inputs.param("w_general")
        return matched @ inputs.key.swapaxes(-1, -2)

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """qᵀW and k"""
        matched = inputs.query[head, query] @ inputs.param("w_general")[head]
        return ("qᵀW", matched), ("k", inputs.key[head, key])


class Additive(Score):
    """A small network looks at query and key together (Bahdanau).

    Formula: vᵀ tanh(W q + U k)
    Paper: 1409.0473
    """

    name = "additive"
    aliases = ("bahdanau",)
    formula = "vᵀtanh(Wq+Uk)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], U [d, d], v [d]"""
        d = sizes.d
        return {"w_additive": (d, d), "u_additive": (d, d), "v_additive": (d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        of_query = inputs.query @ inputs.param("w_additive").swapaxes(-1, -2)
        of_key = inputs.key @ inputs.param("u_additive").swapaxes(-1, -2)
        return tanh_network(of_query, of_key, inputs.param("v_additive"))

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """v and tanh(Wq+Uk)"""
        of_query = inputs.param("w_additive")[head] @ inputs.query[head, query]
        of_key = inputs.param("u_additive")[head] @ inputs.key[head, key]
        return ("v", inputs.param("v_additive")[head]), ("tanh(Wq+Uk)", np.tanh(of_query + of_key))


class LocationBased(Score):
    """The query alone says which positions matter; what stands there is not looked at.

    Formula: (W q)_j
    Paper: 1508.04025 (Luong's "location")
    """

    name = "location-based"
    formula = "(Wq)ⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [key, d]"""
        return {"w_location": (sizes.n_key, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d] -> [head, query, key]"""
        own = inputs.param("w_location")[:, inputs.grid.k[0, 0]]
        return inputs.query @ own.swapaxes(-1, -2)


class PositionOnly(Score):
    """Positions look at positions, through their sinusoids; the words do not matter.

    Formula: p_i · p_j, with p the sinusoidal encoding of a position
    Paper: 1706.03762 (section 3.5, for the encoding)
    """

    name = "position-only"
    formula = "pᵢ·pⱼ"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        grid, d = inputs.grid, inputs.query.shape[-1]
        of_query, of_key = sinusoids(grid.q[0, :, 0], d), sinusoids(grid.k[0, 0], d)
        return np.broadcast_to(of_query @ of_key.T, grid.shape)


class LogLetters(Score):
    """A long word weighs more: after softmax, each key gets its share of all letters.

    Formula: log(letters of k)
    """

    name = "log-letters"
    formula = "log(letters of k)"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        if "letters" not in inputs.grid.notes:
            raise MisuseError("the score 'log-letters' needs words: it counts their letters")
        _, letters = inputs.grid.note("letters")
        with np.errstate(divide="ignore"):  # no letters: no weight
            logits = np.log(letters.astype(np.float64))
        return np.broadcast_to(logits, inputs.query.shape[:-1] + letters.shape[-1:])


def tanh_network(of_query: FloatArray, of_key: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ_c v_c tanh(q_c + k_c), one dimension at a time: an array over all four would not fit.

    Shapes: [head, query, d], [head, key, d], [head, d] -> [head, query, key]
    """
    logits = np.zeros((*of_query.shape[:-1], of_key.shape[1]), dtype=of_query.dtype)
    for c in range(weights.shape[-1]):
        both = np.tanh(of_query[:, :, None, c] + of_key[:, None, :, c])
        logits += weights[:, c, None, None] * both
    return logits


PARTS: tuple[type[Score], ...] = (
    Dot,
    Bilinear,
    Additive,
    LocationBased,
    PositionOnly,
    LogLetters,
)
