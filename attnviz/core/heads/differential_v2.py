"""Differential attention V2: pairs of query heads on shared keys, λ computed from each token."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.heads import MultiHead
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import sigmoid
from attnviz.errors import ShapeError


class DifferentialV2(MultiHead):
    """Differential attention V2: a head subtracts its second map, times a gate, from its first.

    Formula: A_h = A_2h − σ(wᵀ x_i) A_2h+1, x the input of the layer; both maps of a pair share
    their keys and values
    Paper: Ye et al., Differential Transformer V2, 2026
    """

    name = "differential-v2"
    head_local = False
    signed = True
    heads: int = 4

    @property
    def n_query_head(self) -> int:
        """Two per head of the map."""
        return 2 * self.heads

    @property
    def n_kv_head(self) -> int:
        """By default one per head of the map."""
        return self.kv_heads or self.heads

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model]; a pair uses that of its first head"""
        return {"w_lambda": (sizes.d_model,)}

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[2 head, query, key] -> [head, query, key]"""
        if len(weights) % 2:
            raise ShapeError(f"differential heads come in pairs; {len(weights)} do not pair up")
        source = inputs.query_source
        source = source[0::2] if len(source) > 1 else source
        factor = sigmoid(source @ inputs.param("w_lambda")[0::2, :, None])
        return weights[0::2] - factor * weights[1::2]

    def source_heads(self, head: int, n_query_head: int) -> tuple[int, ...]:
        """The two of the pair"""
        del n_query_head
        return 2 * head, 2 * head + 1

    def weight_lines(self, pair: Pair, weights: FloatArray, weight: float) -> Lines:
        """The gate of the query's token, and the difference of the two maps"""
        first_map = Pair(pair.inputs, 2 * pair.head, pair.query, pair.key)
        row, source = first_map.param("w_lambda"), first_map.query_source
        inner = products("w·x", ("w", row), ("x", source))
        yield inner
        first, second = map(float, weights)
        gate = ("σ(", inner.value, ")")
        yield ArithmeticLine("weight", (first, " − ", *gate, " × ", second), weight)

    def __str__(self) -> str:
        return f"{super().__str__()}, differential-v2"


PARTS = (DifferentialV2,)
