"""Synthetic scores: the matrix is learned, or made of the query alone; no pair is compared."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scores import Score


class DenseSynthetic(Score):
    """Each token foretells its own row from what it is.

    Formula: (W₂ relu(W₁ x_i))_j, x the input of the layer
    Paper: 2005.00743
    """

    name = "dense-synthetic"
    formula = "(W₂relu(W₁xᵢ))ⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W₁ [d, d_model], W₂ [key, d]"""
        return {"w_synthetic": (sizes.d, sizes.d_model), "u_synthetic": (sizes.n_key, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head | 1, query, d_model] -> [head, query, key]"""
        hidden = np.maximum(inputs.project("w_synthetic", inputs.query_source), 0.0)
        own = inputs.param("u_synthetic")[:, inputs.grid.k[0, 0]]
        return hidden @ own.swapaxes(-1, -2)


class RandomSynthetic(Score):
    """The matrix of scores is learned itself and is the same for every text.

    Formula: R_ij
    Paper: 2005.00743
    """

    name = "random-synthetic"
    formula = "Rᵢⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """R [query, key]"""
        return {"r_synthetic": (sizes.n_query, sizes.n_key)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, key]"""
        return inputs.grid.part_of(inputs.param("r_synthetic")).copy()


class FactoredSynthetic(Score):
    """The learned matrix of scores as a product of two thin ones.

    Formula: (R₁ R₂ᵀ)_ij, `rank` columns each
    Paper: 2005.00743
    """

    name = "factored-synthetic"
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
        of_query = inputs.param("r_query_synthetic")[:, grid.row[0, :, 0]]
        of_key = inputs.param("r_key_synthetic")[:, grid.k[0, 0]]
        return of_query @ of_key.swapaxes(-1, -2)


PARTS: tuple[type[Score], ...] = (DenseSynthetic, RandomSynthetic, FactoredSynthetic)
