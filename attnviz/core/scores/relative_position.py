"""Relative position scores: Shaw et al., Transformer-XL, TUPE."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.positions import sinusoids
from attnviz.core.scores import Score


class RelativeKeys(Score):
    """Relative position representations (Shaw): a learned vector per distance, added to the key.

    Formula: q·(k + a_r), r = clip(j - i, -max_distance, max_distance)
    Paper: 1803.02155
    """

    name = "relative-keys"
    formula = "q·(k+aⱼ₋ᵢ)"
    tunable_aliases: ClassVar = {"farthest": "max_distance"}
    limits: ClassVar = {"max_distance": (0, inf)}
    max_distance: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a [2 max_distance + 1, d]"""
        return {"a_relative": (2 * self.max_distance + 1, sizes.d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        by_distance = inputs.project("a_relative", inputs.query)  # [head, query, distance]
        most = self.max_distance
        index = np.clip(inputs.grid.k - inputs.grid.q, -most, most) + most
        return inputs.query @ inputs.key.swapaxes(-1, -2) + gather_by_distance(by_distance, index)

    def explain_lines(self, pair: Pair) -> Lines:
        """The vector of the distance, added to k, and the product with q"""
        most = self.max_distance
        distance = min(max(pair.j - pair.i, -most), most)
        a = pair.param("a_relative")[distance + most]
        yield products(
            "score",
            ("q", pair.q),
            ("(k + a)", pair.k + a),
            before=(("q", pair.q), ("k", pair.k), ("a", a)),
        )


class TransformerXL(Score):
    """Transformer-XL score: content and relative position, each with a global bias vector.

    Formula: (q + u)·k + (q + v)·(W r_(i-j)), r_n the sinusoidal encoding of distance n
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
        distance = grid.q - grid.k
        first = distance.min()
        encoding = sinusoids(np.arange(first, distance.max() + 1), query.shape[-1])
        table = inputs.project("w_xl", encoding.astype(query.dtype)[None])  # [head, distance, d]
        by_distance = (query + inputs.param("v_xl")[:, None]) @ table.swapaxes(-1, -2)
        content = (query + inputs.param("u_xl")[:, None]) @ inputs.key.swapaxes(-1, -2)
        return content + gather_by_distance(by_distance, distance - first)

    def explain_lines(self, pair: Pair) -> Lines:
        """The encoding of the distance through W, (q + u)·k and (q + v)·Wr, and their sum"""
        u, v = pair.param("u_xl"), pair.param("v_xl")
        encoding = sinusoids(np.array([pair.i - pair.j]), pair.q.size)[0]
        by_distance = pair.param("w_xl") @ encoding
        before = (("q", pair.q), ("u", u))
        content = products("content", ("(q + u)", pair.q + u), ("k", pair.k), before=before)
        yield content
        before = (("q", pair.q), ("v", v))
        wr = ("Wr", by_distance)
        position = products("position", ("(q + v)", pair.q + v), wr, before=before)
        yield position
        value = content.value + position.value
        yield ArithmeticLine("score", (content.value, " + ", position.value), value)


class Tupe(Score):
    """Untied positional encoding (TUPE): content and position scored by separate projections.

    Formula: q·k + t_ij, t_ij = (U_q p_i+1)·(U_k p_j+1), p a learned vector per position. The
    first token ([CLS]) is untied from positions: its row of t is (U_q p_0)·(U_k p_0), its column
    in the other rows (U_q p_1)·(U_k p_1). All layers share these parameters. Scale by 1/√(2d) to
    keep the variance of q·k/√d.
    Paper: 2006.15595 (TUPE)
    """

    name = "tupe"
    aliases = ("untied",)
    formula = "q·k+(Uₚpᵢ)·(Uₖpⱼ)"
    layer_shared = ("p_untied", "w_untied", "u_untied")

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """p [position + 1, d], U_q [d, d], U_k [d, d]"""
        d, n_position = sizes.d, max(sizes.n_query, sizes.n_key)
        return {"p_untied": (n_position + 1, d), "w_untied": (d, d), "u_untied": (d, d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        positions = inputs.param("p_untied")
        i, j = inputs.grid.q[0, :, 0], inputs.grid.k[0, 0]
        of_query = inputs.project("w_untied", positions)
        of_key = inputs.project("u_untied", positions)
        terms = of_query[:, i + 1] @ of_key[:, j + 1].swapaxes(-1, -2)
        first_row, first_column = np.moveaxis((of_query[:, :2] * of_key[:, :2]).sum(-1), 1, 0)
        terms = np.where(inputs.grid.k == 0, first_column[:, None, None], terms)
        terms = np.where(inputs.grid.q == 0, first_row[:, None, None], terms)
        return inputs.query @ inputs.key.swapaxes(-1, -2) + terms

    def explain_lines(self, pair: Pair) -> Lines:
        """q·k, the product of the positions, and their sum; the first token is untied"""
        row, column = pair.i + 1, pair.j + 1
        if pair.i == 0:
            row = column = 0
        elif pair.j == 0:
            row = column = 1
        positions = pair.param("p_untied")
        content = products("content", ("q", pair.q), ("k", pair.k))
        of_query = pair.param("w_untied") @ positions[row]
        of_key = pair.param("u_untied") @ positions[column]
        position = products("position", (f"U_q p{row}", of_query), (f"U_k p{column}", of_key))
        yield content
        yield position
        value = content.value + position.value
        yield ArithmeticLine("score", (content.value, " + ", position.value), value)


def gather_by_distance(by_distance: FloatArray, index: FloatArray) -> FloatArray:
    """For each query and key, the entry with the index of their distance.

    Shapes: [head, query, distance], [1, query, key] -> [head, query, key]
    """
    shape = (len(by_distance), *index.shape[1:])
    return np.take_along_axis(by_distance, np.broadcast_to(index, shape), 2)


PARTS: tuple[type[Score], ...] = (RelativeKeys, TransformerXL, Tupe)
