"""Score functions: how well each query matches each key.    -> scores [head, query, key]"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.part import Part
from attnviz.core.positions import sinusoids
from attnviz.errors import MisuseError

Factors = tuple[tuple[str, FloatArray], tuple[str, FloatArray]]


class Score(Part):
    """A score function; it returns a new array, which callers may modify in place."""

    formula: ClassVar[str]
    value_formula: ClassVar[str] = ""  # of a mechanism that computes values

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define a score")

    @property
    def n_product(self) -> int | None:
        """Number of dot products that a sum of several consists of; None for other scores."""
        return None

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors | None:
        """Two named vectors whose inner product is this one score; None where there are none.

        Shapes: -> [d], [d]
        """
        del inputs, head, query, key
        return None

    def value_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Names and per-head shapes of the parameters of values that the mechanism computes.

        Without any, values are projected from the layer's input.
        """
        del sizes
        return {}

    def compute_values(self, inputs: Inputs) -> FloatArray:
        """The values of a mechanism with `value_shapes`, of which `inputs` hold the parameters.

        Shapes: -> [head, key, d]
        """
        raise TypeError(f"{type(self).__name__} computes no values")

    def explain_lines(self, pair: Pair) -> Lines:
        """The arithmetic of one score, its value last."""
        factors = self.factors(pair.inputs, pair.head, pair.query, pair.key)
        if factors is None:
            score = self(pair.inputs)[pair.head, pair.query, pair.key]
            yield ArithmeticLine("score", (self.formula,), float(score))
        else:
            yield products("score", *factors)


class Dot(Score):
    """Dot product of query and key.

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
    """Bilinear score: query and key compared through a learned matrix.

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
    """Additive (Bahdanau) attention: a feed-forward network with one hidden layer.

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

    def explain_lines(self, pair: Pair) -> Lines:
        """W q, U k, the tanh of their sum, and its product with v"""
        of_query, of_key = pair.param("w_additive") @ pair.q, pair.param("u_additive") @ pair.k
        hidden = ("tanh(Wq + Uk)", np.tanh(of_query + of_key))
        before = (("Wq", of_query), ("Uk", of_key), hidden)
        yield products("score", ("v", pair.param("v_additive")), hidden, before=before)


class LocationBased(Score):
    """Location-based attention: scores of all positions computed from the query alone.

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
        rows = inputs.param("w_location")[:, inputs.grid.k[0, 0]]  # [head, key, d]
        return inputs.query @ rows.swapaxes(-1, -2)

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """The key's row of W, and q"""
        row = inputs.param("w_location")[head, int(inputs.grid.k[0, 0, key])]
        return ("Wⱼ", row), ("q", inputs.query[head, query])


class PositionOnly(Score):
    """Position-only score: dot product of two sinusoidal encodings, independent of the tokens.

    Formula: p_i · p_j, p_i the sinusoidal encoding of position i
    Paper: 1706.03762 (section 3.5, for the encoding)
    """

    name = "position-only"
    formula = "pᵢ·pⱼ"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        grid, d = inputs.grid, inputs.query.shape[-1]
        of_query, of_key = sinusoids(grid.q[0, :, 0], d), sinusoids(grid.k[0, 0], d)
        return np.broadcast_to(of_query @ of_key.T, grid.shape)

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """pᵢ and pⱼ"""
        del head
        grid, d = inputs.grid, inputs.query.shape[-1]
        of_query, of_key = sinusoids(grid.q[0, [query], 0], d), sinusoids(grid.k[0, 0, [key]], d)
        return ("pᵢ", of_query[0]), ("pⱼ", of_key[0])


class LogLetters(Score):
    """Log letter count of the key: softmax makes weights proportional to word length.

    Formula: log(letters of k)
    """

    name = "log-letters"
    formula = "log(letters of k)"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        if "letters" not in inputs.grid.token_features:
            raise MisuseError("the score 'log-letters' needs the letter count of each token")
        _, letters = inputs.grid.token_feature("letters")
        with np.errstate(divide="ignore"):  # no letters: no weight
            logits = np.log(letters.astype(np.float64))
        return np.broadcast_to(logits, inputs.query.shape[:-1] + letters.shape[-1:])

    def explain_lines(self, pair: Pair) -> Lines:
        """The logarithm of the number of letters"""
        letters = int(pair.inputs.grid.token_feature("letters")[1][0, 0, pair.key])
        value = float(self(pair.inputs)[pair.head, pair.query, pair.key])
        yield ArithmeticLine("score", ("log(", letters, ")"), value)


def tanh_network(of_query: FloatArray, of_key: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ_c v_c tanh(q_c + k_c), one dimension c at a time to bound the memory.

    Shapes: [head, query, d], [head, key, d], [head, d] -> [head, query, key]
    """
    logits = np.zeros((*of_query.shape[:-1], of_key.shape[1]), dtype=of_query.dtype)
    for c in range(weights.shape[-1]):
        hidden = np.tanh(of_query[:, :, None, c] + of_key[:, None, :, c])
        logits += weights[:, c, None, None] * hidden
    return logits


PARTS: tuple[type[Score], ...] = (
    Dot,
    Bilinear,
    Additive,
    LocationBased,
    PositionOnly,
    LogLetters,
)
