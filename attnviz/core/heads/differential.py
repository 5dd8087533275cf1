"""Differential attention: what two heads have in common is noise, and is taken off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.heads import MultiHead
from attnviz.core.part import Inputs, Sizes
from attnviz.errors import ShapeError

LEARNED = ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")


class Differential(MultiHead):
    """Each head is a pair: its second map, λ times, is subtracted from its first.

    Formula: A_h = A_2h − λ A_2h+1, λ = exp(a₁·b₁) − exp(a₂·b₂) + λ₀, λ₀ = 0.8 − 0.6 exp(−0.3 l),
    l the layer, counted from 0; values of a pair stand side by side
    Paper: 2410.05258 (its layers count from 1; λ is shared by the heads of a layer)
    """

    name = "differential"
    head_local = False
    signed = True
    starts: ClassVar = dict.fromkeys(LEARNED, 0.1)
    heads: int = 4

    @property
    def n_query_head(self) -> int:
        """Two for each head of the map."""
        return 2 * self.heads

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a₁, b₁, a₂, b₂ [d]; those of the first head serve the layer"""
        return dict.fromkeys(LEARNED, (sizes.d,))

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[2 head, query, key] -> [head, query, key]"""
        if len(weights) % 2:
            raise ShapeError(f"differential heads come in pairs; {len(weights)} do not pair up")
        return weights[0::2] - self.factor(inputs) * weights[1::2]

    def factor(self, inputs: Inputs) -> float:
        """λ of this layer."""
        a1, b1, a2, b2 = (inputs.param(name)[0] for name in LEARNED)
        return float(np.exp(a1 @ b1) - np.exp(a2 @ b2) + first_factor(inputs.layer))

    def give_values(self, value: FloatArray, n_head: int) -> FloatArray:
        """The values of each pair, side by side.    [2 head, key, d] -> [head, key, 2 d]"""
        every = super().give_values(value, 2 * n_head)
        return np.concatenate([every[0::2], every[1::2]], axis=-1)

    def __str__(self) -> str:
        return f"{super().__str__()}, each the difference of two"


def first_factor(layer: int) -> float:
    """λ₀, which grows with depth.

    >>> [round(first_factor(layer), 4) for layer in range(4)]
    [0.2, 0.3555, 0.4707, 0.5561]
    """
    return float(0.8 - 0.6 * np.exp(-0.3 * layer))


PARTS = (Differential,)
