"""Synthesizer: scores that are learned, or predicted from the query alone, without q·k."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class DenseSynthesizer(Score):
    """Dense Synthesizer: an MLP of each query token predicts its row of scores.

    Formula: (W₂ relu(W₁ x_i))_j, x the input of the layer
    Paper: 2005.00743
    """

    name = "dense-synthesizer"
    aliases = ("dense-synthetic",)
    formula = "(W₂relu(W₁xᵢ))ⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W₁ [d, d_model], W₂ [key, d]"""
        return {"w_synthetic": (sizes.d, sizes.d_model), "u_synthetic": (sizes.n_key, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head | 1, query, d_model] -> [head, query, key]"""
        hidden = np.maximum(inputs.project("w_synthetic", inputs.query_source), 0.0)
        rows = inputs.param("u_synthetic")[:, inputs.grid.k[0, 0]]  # [head, key, d]
        return hidden @ rows.swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """W₁ x, its ReLU, and the product with the key's row of W₂"""
        linear = pair.param("w_synthetic") @ pair.query_source
        hidden = ("relu(W₁x)", np.maximum(linear, 0.0))
        row = ("W₂ⱼ", pair.param("u_synthetic")[pair.j])
        yield products("score", row, hidden, before=(("W₁x", linear), hidden))


class RandomSynthesizer(Score):
    """Random Synthesizer: a learned matrix of scores, the same for every text.

    Formula: R_ij
    Paper: 2005.00743
    """

    name = "random-synthesizer"
    aliases = ("random-synthetic",)
    formula = "Rᵢⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """R [query, key]"""
        return {"r_synthetic": (sizes.n_query, sizes.n_key)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, key]"""
        return inputs.grid.slice_array(inputs.param("r_synthetic")).copy()

    def explain_lines(self, pair: Pair) -> Lines:
        """The learned entry"""
        value = float(pair.param("r_synthetic")[pair.query, pair.key])
        yield ArithmeticLine("score", ("learned (r_synthetic)",), value)


class FactorizedSynthesizer(Score):
    """Factorized Random Synthesizer: the learned matrix of scores has rank `rank`.

    Formula: (R₁ R₂ᵀ)_ij, `rank` columns each
    Paper: 2005.00743
    """

    name = "factorized-synthesizer"
    aliases = ("factored-synthetic",)
    formula = "(R₁R₂ᵀ)ᵢⱼ"
    limits: ClassVar = {"rank": (1, inf)}
    rank: int = 8

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """R₁ [query, rank], R₂ [key, rank]"""
        return {
            "r_query_synthetic": (sizes.n_query, self.rank),
            "r_key_synthetic": (sizes.n_key, self.rank),
        }

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, key]"""
        grid = inputs.grid
        of_query = inputs.param("r_query_synthetic")[:, grid.query_index[0, :, 0]]
        of_key = inputs.param("r_key_synthetic")[:, grid.k[0, 0]]
        return of_query @ of_key.swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """The query's row of R₁ times the key's row of R₂"""
        of_query = pair.param("r_query_synthetic")[pair.query]
        yield products("score", ("R₁ᵢ", of_query), ("R₂ⱼ", pair.param("r_key_synthetic")[pair.j]))


PARTS: tuple[type[Score], ...] = (DenseSynthesizer, RandomSynthesizer, FactorizedSynthesizer)
