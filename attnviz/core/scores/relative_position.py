"""Relative keys: the query also looks at how far away a key is."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.part import Inputs, Sizes
from attnviz.core.positions import sinusoids
from attnviz.core.scores import Score


class RelativeKeys(Score):
    """A learned vector for each step of distance is added to the key (Shaw).

    Formula: q·(k + a_r), r = clip(j - i, -farthest, farthest)
    Paper: 1803.02155
    """

    name = "relative-keys"
    formula = "q·(k+aⱼ₋ᵢ)"
    limits: ClassVar = {"farthest": (0, inf)}
    farthest: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a [2 farthest + 1, d]"""
        return {"a_relative": (2 * self.farthest + 1, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        by_step = inputs.project("a_relative", inputs.query)  # [head, query, step]
        reach = self.farthest
        steps = np.clip(inputs.grid.k - inputs.grid.q, -reach, reach) + reach
        return inputs.query @ inputs.key.swapaxes(-1, -2) + picked(by_step, steps)


class TransformerXL(Score):
    """Content and distance each compared twice: with the query, and with a learned stand-in.

    Formula: (q + u)·k + (q + v)·(W r_(i-j)), r the sinusoid of a distance
    Paper: 1901.02860
    """

    name = "transformer-xl"
    formula = "(q+u)·k+(q+v)·Wrᵢ₋ⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """u [d], v [d], W [d, d]"""
        return {"u_xl": (sizes.d,), "v_xl": (sizes.d,), "w_xl": (sizes.d, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, grid = inputs.query, inputs.grid
        steps = grid.q - grid.k
        first = steps.min()
        waves = sinusoids(np.arange(first, steps.max() + 1), query.shape[-1])
        table = inputs.project("w_xl", waves.astype(query.dtype)[None])  # [head, step, d]
        by_step = (query + inputs.param("v_xl")[:, None]) @ table.swapaxes(-1, -2)
        content = (query + inputs.param("u_xl")[:, None]) @ inputs.key.swapaxes(-1, -2)
        return content + picked(by_step, steps - first)


class Untied(Score):
    """Words are compared with words and positions with positions, by projections of their own.

    Formula: q·k + (U_q p_i)·(U_k p_j), p a learned vector for each position. Scale by
    1/√(2d) to keep the spread of q·k/√d.
    Paper: 2006.15595 (TUPE)
    """

    name = "untied"
    formula = "q·k+(Uₚpᵢ)·(Uₖpⱼ)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """p [position, d], U_q [d, d], U_k [d, d]"""
        d, n_position = sizes.d, max(sizes.n_query, sizes.n_key)
        return {"p_untied": (n_position, d), "w_untied": (d, d), "u_untied": (d, d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        places = inputs.param("p_untied")
        of_query = inputs.project("w_untied", places[:, inputs.grid.q[0, :, 0]])
        of_key = inputs.project("u_untied", places[:, inputs.grid.k[0, 0]])
        words = inputs.query @ inputs.key.swapaxes(-1, -2)
        return words + of_query @ of_key.swapaxes(-1, -2)


def picked(by_step: FloatArray, steps: FloatArray) -> FloatArray:
    """For each query and key, the entry of their step.

    Shapes: [head, query, step], [1, query, key] -> [head, query, key]
    """
    return np.take_along_axis(by_step, np.broadcast_to(steps, (len(by_step), *steps.shape[1:])), 2)


PARTS: tuple[type[Score], ...] = (RelativeKeys, TransformerXL, Untied)
