"""Normalizers over queries and keys together: Sinkhorn, slot attention, matrix-tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.visibility import broadcast_visible, require_self_attention
from attnviz.errors import MisuseError


class Sinkhorn(Normalizer):
    """Sinkhorn iteration: rows and columns of exp(S) normalized alternately, rows last.

    Formula: exp(S), rows to 1, columns to 1, … rows to 1; `rounds` pairs after the first
    Paper: 2110.11773
    """

    name = "sinkhorn"
    row_local = False
    prefix_stable = False
    limits: ClassVar = {"rounds": (0, 10_000)}
    rounds: int = 10

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        log_weights = log_normalize(logits, shown, -1)
        for _ in range(self.rounds):
            log_weights = log_normalize(log_normalize(log_weights, shown, -2), shown, -1)
        return np.exp(log_weights)


class SlotAttention(Normalizer):
    """Slot attention: softmax over the queries, then division by the row sum.

    Formula: W = softmax over queries (S), A = W / Σ over keys W
    Paper: 2006.15055 (queries are its slots; one iteration, without its ε)
    """

    name = "slot-attention"
    aliases = ("inverted",)
    row_local = False
    prefix_stable = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        return np.exp(log_normalize(log_normalize(logits, shown, -2), shown, -1))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax of each key over the queries, and its share of the row."""
        shown = pair.visible[pair.head][:, pair.visible_keys]
        scores = pair.logits[pair.head][:, pair.visible_keys]
        mass = np.where(shown, np.exp(np.where(shown, scores, 0.0)), 0.0)
        rows = [(f"exp(S) of query {i}", row) for i, row in enumerate(mass)]
        mine = rows[pair.query][0]
        name = f"{mine} / ({' + '.join(name for name, _ in rows)})"
        shares = mass[pair.query] / mass.sum(0)
        total, table = float(shares.sum()), pair.table(*rows, (name, shares))
        yield ArithmeticLine("row sum", (f"Σ ({name})",), total, table)
        yield ArithmeticLine("weight", (float(shares[pair.at]), " / ", total), pair.weight)


class MatrixTree(Normalizer):
    """Structured attention: marginals of a distribution over dependency trees.

    Formula: A_ij = P(j is the head of i), over trees with weight Π exp(S) and one root with
    weight exp(w·q); 1 − row sum is P(i is the root)
    Paper: 1705.09207, 1702.00887 (both by the matrix-tree theorem)
    """

    name = "matrix-tree"
    row_sum = "at most 1"
    row_local = False

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d]"""
        return {"w_root": (sizes.d,)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        require_self_attention(inputs, self.name)
        roots = (inputs.query @ inputs.param("w_root")[..., None])[..., 0]
        weights = np.zeros_like(logits)
        for head, shown in enumerate(broadcast_visible(inputs, visible)):
            keys = np.flatnonzero(shown.any(axis=0))
            inner = np.ix_(keys, keys)
            weights[head][inner] = head_marginals(
                logits[head][inner], roots[head, keys], shown[inner]
            )
        return weights


def head_marginals(scores: FloatArray, roots: FloatArray, shown: BoolArray) -> FloatArray:
    """P(j is the head of i) over all trees with one root, by the matrix-tree theorem.

    Formula: with L the Laplacian of exp(S) whose first row is the roots', Koo et al. 2007
    Shapes: [dependent, head], [token], [dependent, head] -> [dependent, head]
    Raises MisuseError where no tree has weight in double precision.
    """
    allowed = shown & ~np.eye(len(scores), dtype=bool)
    arcs = np.where(allowed, scores, -np.inf).T.astype(np.float64)  # [head, dependent]
    # A token has one head or is the root: scaling all arcs to it changes no marginal.
    peak = np.maximum(arcs.max(axis=0, initial=-np.inf), roots)
    arcs, root = np.exp(arcs - peak), np.exp(roots - peak)
    laplacian = np.diag(arcs.sum(axis=0)) - arcs
    laplacian[:1] = root
    try:
        inverse = np.linalg.inv(laplacian)
    except np.linalg.LinAlgError:
        inverse = np.zeros_like(laplacian)
    own, other = np.diag(inverse).copy(), inverse.T.copy()
    own[:1], other[:1] = 0.0, 0.0
    marginals = arcs * (own - other)
    totals = marginals.sum(axis=0) + root * inverse[:, :1].sum(axis=1)
    if np.abs(totals - 1.0).max(initial=0.0) > 1e-9:
        raise MisuseError(
            "matrix-tree: no tree has weight under this mask, or the scores are too far apart"
        )
    return np.maximum(marginals, 0.0).T


def log_normalize(logits: FloatArray, shown: BoolArray, axis: int) -> FloatArray:
    """Log-softmax along an axis over the visible pairs; −∞ elsewhere.    [...] -> [...]"""
    logits = np.where(shown, logits, -np.inf)
    peak = logits.max(axis, keepdims=True, initial=-np.inf)
    peak = np.where(np.isneginf(peak), 0.0, peak).astype(logits.dtype)
    total = np.exp(logits - peak).sum(axis, keepdims=True)
    log_weights: FloatArray = logits - peak - np.log(np.where(total > 0, total, 1.0))
    return log_weights


PARTS = (Sinkhorn, SlotAttention, MatrixTree)
