"""Dilated attention (LongNet): segments of growing length and dilation, weighted by their mass."""

from __future__ import annotations

from math import inf, nan
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, Piece, WeightPair, key_table
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
        shape = inputs.grid.h.size, inputs.grid.query_index.size, inputs.grid.k.size
        count = np.zeros(shape, dtype=int)
        for branch in range(self.branches):
            count += self.pairs_of_branch(inputs, branch)
        return count

    def pairs_of_branch(self, inputs: Inputs, branch: int) -> BoolArray:
        """The pairs of one branch.    -> [head, query, key]"""
        grid, dilation, length = inputs.grid, 1 << branch, self.segment << branch
        kept_query = grid.q % length % dilation == grid.h % dilation
        kept_key = grid.k % length % dilation == grid.h % dilation
        pairs: BoolArray = (grid.q // length == grid.k // length) & kept_query & kept_key
        return pairs

    def branch_rows(self, pair: WeightPair, keys: BoolArray) -> list[tuple[str, FloatArray]]:
        """A row for each branch: 1 where it has the pair of the query and a key.

        Shapes: keys [key] -> [some key] each
        """
        rows = []
        for branch in range(self.branches):
            pairs = self.pairs_of_branch(pair.inputs, branch)[pair.head, pair.query]
            rows.append((f"branch {branch}", pairs[keys].astype(float)))
        return rows

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The number of branches with the pair: 1 is enough"""
        unmasked = pair.unmasked[pair.head, pair.query]
        rows = self.branch_rows(pair, unmasked)
        text = "; ".join(
            f"branch {b}: of each {self.segment << b} tokens, those whose position leaves "
            f"{pair.head % (1 << b)} when divided by {1 << b}"
            for b in range(self.branches)
        )
        table = key_table(pair.columns, unmasked, *rows)
        yield ArithmeticLine("", (text,), nan, table)
        at = int(unmasked[: pair.key].sum())
        terms: list[Piece] = [piece for _, row in rows for piece in (" + ", int(row[at]))]
        count = sum(row[at] for _, row in rows)
        yield ArithmeticLine("branches", tuple(terms[1:]), float(count))
        yield ArithmeticLine("selected", ("[", int(count), " ≥ 1]"), float(count >= 1))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """c exp(S) over the keys of the branches, its sum, and the share of the key"""
        rows = self.branch_rows(pair, pair.visible_keys)
        names = " + ".join(name for name, _ in rows)
        count = np.sum([row for _, row in rows], axis=0)
        peak, exponent = 0.0, "logit"
        if np.abs(pair.row).max() > SAFE_LOGIT:
            peak, exponent = float(pair.row.max()), "logit − max"
            yield ArithmeticLine("max", ("max(logit)",), peak, pair.table(("logit", pair.row)))
        name, mass = f"c × exp({exponent})", count * np.exp(pair.row - peak)
        table = pair.table(*rows, (f"c = {names}", count), ("logit", pair.row), (name, mass))
        yield ArithmeticLine("row sum", (f"Σ ({name})",), float(mass.sum()), table)
        pieces = (float(mass[pair.at]), " / ", float(mass.sum()))
        yield ArithmeticLine("weight", pieces, pair.weight)


PARTS: tuple[type[Normalizer], ...] = (DilatedSegments,)
