"""Heads that talk: each sees what the others made of the same tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.heads import MultiHead
from attnviz.core.part import Inputs, Sizes


class TalkingHeads(MultiHead):
    """Heads are mixed by learned matrices, before and after the weights are made.

    Formula: A = P_w softmax(P_l S), both matrices [head, head]
    Paper: 2003.02436 (with as many heads before, between and after)
    """

    name = "talking"
    head_local = False
    signed = True
    heads: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """A row [head] of P_l and of P_w"""
        return {"talk_logits": (sizes.n_head,), "talk_weights": (sizes.n_head,)}

    def mix_logits(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return mixed(inputs.param("talk_logits"), logits)

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return mixed(inputs.param("talk_weights"), weights)

    def __str__(self) -> str:
        return f"{super().__str__()}, talking"


class MixedHeads(MultiHead):
    """Weights of neighbouring heads are mixed, each head with those of its group.

    Formula: A_h = Σ_g w_hg softmax(S_g), g in the group of h
    Paper: 2504.00927 (head mixing; groups of two, as in its example)
    """

    name = "mixed"
    head_local = False
    signed = True
    limits: ClassVar = {**MultiHead.limits, "group": (1, 1024)}
    heads: int = 4
    group: int = 2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """A head's factors for its group, [group]"""
        return {"mix_group": (self.group,)}

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        n_head = len(weights)
        factors = np.zeros((n_head, n_head), dtype=weights.dtype)
        for head, own in enumerate(inputs.param("mix_group")):
            first = head - head % self.group
            members = range(first, min(first + self.group, n_head))
            factors[head, first : first + self.group] = own[: len(members)]
        return mixed(factors, weights)

    def __str__(self) -> str:
        return f"{super().__str__()}, mixed by {self.group}"


def mixed(factors: FloatArray, heads: FloatArray) -> FloatArray:
    """Each head as a sum of all.    [head, head], [head, query, key] -> [head, query, key]"""
    return np.tensordot(factors, heads, axes=1)


PARTS = (TalkingHeads, MixedHeads)
