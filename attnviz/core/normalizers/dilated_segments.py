"""Dilated attention (LongNet): segments of growing length and dilation, weighted by their mass."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import broadcast_visible


class DilatedSegments(Normalizer):
    """Dilated attention (LongNet): `branches` patterns, each with its own softmax.

    Branch b cuts the sequence into segments of `segment` · 2^b tokens and keeps every 2^b-th
    token of a segment, from the h-th on in head h. The branches are averaged in proportion to
    their softmax denominators, so that a pair counts once for each branch that has it.
    Formula: c_ij exp(S_ij) / Σ_j c_ij exp(S_ij), c the number of branches with the pair
    Paper: 2307.02486
    """

    name = "dilated-segments"
    limits: ClassVar = {"segment": (1, inf), "branches": (1, 32)}
    segment: int = 4
    branches: int = 3

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Pairs of at least one branch.    -> [head, query, key]"""
        del logits
        return broadcast_visible(inputs, visible) & (self.count_branches(inputs) > 0)

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        extra = np.log(np.maximum(self.count_branches(inputs), 1)).astype(logits.dtype)
        return softmax(logits + extra, broadcast_visible(inputs, visible))

    def count_branches(self, inputs: Inputs) -> IntArray:
        """The number of branches that have a pair.    -> [head, query, key]"""
        grid = inputs.grid
        count = np.zeros((grid.h.size, grid.query_index.size, grid.k.size), dtype=int)
        for branch in range(self.branches):
            dilation, length = 1 << branch, self.segment << branch
            kept_query = grid.q % length % dilation == grid.h % dilation
            kept_key = grid.k % length % dilation == grid.h % dilation
            count += (grid.q // length == grid.k // length) & kept_query & kept_key
        return count


PARTS: tuple[type[Normalizer], ...] = (DilatedSegments,)
