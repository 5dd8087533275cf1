"""Talking heads, and head mixing of multi-token attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, ArithmeticTable, Lines, Pair
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.heads import MultiHead
from attnviz.core.inputs import Inputs, Sizes


class TalkingHeads(MultiHead):
    """Talking-heads attention: learned linear maps across heads before and after the softmax.

    Formula: A = P_w softmax(P_l S), both matrices [head, head]
    Paper: 2003.02436 (with the same number of heads at all three stages)
    """

    name = "talking-heads"
    aliases = ("talking",)
    head_local = False
    signed = True
    heads: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """One row [head] of P_l and of P_w"""
        return {"talk_logits": (sizes.n_head,), "talk_weights": (sizes.n_head,)}

    def mix_logits(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return mix_heads(inputs.param("talk_logits"), logits)

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return mix_heads(inputs.param("talk_weights"), weights)

    def source_heads(self, head: int, n_query_head: int) -> tuple[int, ...]:
        """All heads"""
        del head
        return tuple(range(n_query_head))

    def logit_lines(self, pair: Pair, logits: FloatArray) -> Lines:
        """The row of P_l of this head times the logits of all heads"""
        value = float(pair.param("talk_logits") @ logits)
        yield mix_line("logit", value, ("P_l", pair.param("talk_logits")), ("S", logits))

    def weight_lines(self, pair: Pair, weights: FloatArray, weight: float) -> Lines:
        """The row of P_w of this head times the softmax of all heads"""
        yield mix_line("weight", weight, ("P_w", pair.param("talk_weights")), ("A", weights))

    def __str__(self) -> str:
        return f"{super().__str__()}, talking-heads"


class HeadMixing(MultiHead):
    """Head mixing of multi-token attention: a learned linear map within groups of heads.

    Formula: A_h = Σ_g w_hg softmax(S_g), g in the group of h
    Paper: 2504.00927 (head mixing; groups of two, as in its example)
    """

    name = "head-mixing"
    aliases = ("mixed",)
    head_local = False
    signed = True
    limits: ClassVar = {**MultiHead.limits, "group": (1, 1024)}
    heads: int = 4
    group: int = 2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """One row [group] of w: the factors of the heads of its group"""
        return {"mix_group": (self.group,)}

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        n_head = len(weights)
        factors = np.zeros((n_head, n_head), dtype=weights.dtype)
        for head, row in enumerate(inputs.param("mix_group")):
            first = head - head % self.group
            members = range(first, min(first + self.group, n_head))
            factors[head, first : first + self.group] = row[: len(members)]
        return mix_heads(factors, weights)

    def source_heads(self, head: int, n_query_head: int) -> tuple[int, ...]:
        """The group of the head"""
        first = head - head % self.group
        return tuple(range(first, min(first + self.group, n_query_head)))

    def weight_lines(self, pair: Pair, weights: FloatArray, weight: float) -> Lines:
        """The factors of the head's group times its maps"""
        factors = pair.param("mix_group")[: len(weights)]
        yield mix_line("weight", weight, ("w", factors), ("A", weights))

    def __str__(self) -> str:
        return f"{super().__str__()}, head-mixing({self.group})"


def mix_line(
    label: str, value: float, factors: tuple[str, FloatArray], numbers: tuple[str, FloatArray]
) -> ArithmeticLine:
    """The sum of factors times one number per head.    [head], [head] -> a line"""
    name = f"{factors[0]} × {numbers[0]}"
    columns = tuple(f"map {n}" for n in range(len(numbers[1])))
    rows = (factors, numbers, (name, factors[1] * numbers[1]))
    return ArithmeticLine(label, (f"Σ ({name})",), value, ArithmeticTable(columns, rows))


def mix_heads(factors: FloatArray, heads: FloatArray) -> FloatArray:
    """Linear map across heads.    [head, head], [head, query, key] -> [head, query, key]"""
    return np.tensordot(factors, heads, axes=1)


PARTS = (TalkingHeads, HeadMixing)
