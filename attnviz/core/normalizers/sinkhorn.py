"""Normalizers that compare queries, too: they compete for keys, or are parts of one tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import one_sequence, pairs
from attnviz.errors import MisuseError


class Sinkhorn(Normalize):
    """Rows and columns are normalized in turn, until no key is crowded and none is left out.

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
        shown = pairs(inputs, visible)
        share = log_shares(logits, shown, -1)
        for _ in range(self.rounds):
            share = log_shares(log_shares(share, shown, -2), shown, -1)
        return np.exp(share)


class Inverted(Normalize):
    """Queries compete for each key; then each query takes the mean of what it won.

    Formula: W = softmax over queries (S), A = W / Σ over keys W
    Paper: 2006.15055 (slot attention; queries are its slots, one round, without its ε)
    """

    name = "inverted"
    row_local = False
    prefix_stable = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = pairs(inputs, visible)
        return np.exp(log_shares(log_shares(logits, shown, -2), shown, -1))


class Tree(Normalize):
    """Scores make a distribution over dependency trees; a token looks at its likely heads.

    Formula: A_ij = P(j is the head of i), over trees with weight Π exp(S) and one root with
    weight exp(w·q); what is missing from a row is P(i is the root)
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
        one_sequence(inputs, self.name)
        roots = (inputs.query @ inputs.param("w_root")[..., None])[..., 0]
        weights = np.zeros_like(logits)
        for head, shown in enumerate(pairs(inputs, visible)):
            some = np.flatnonzero(shown.any(axis=0))
            inner = np.ix_(some, some)
            weights[head][inner] = heads_of(logits[head][inner], roots[head, some], shown[inner])
        return weights


def heads_of(scores: FloatArray, roots: FloatArray, shown: BoolArray) -> FloatArray:
    """How likely each token's head is each other token, over all trees with one root.

    Formula: with L the Laplacian of exp(S) whose first row is the roots', Koo et al. 2007
    Shapes: [dependent, head], [token], [dependent, head] -> [dependent, head]
    Raises MisuseError where no tree has weight, or none that double precision can tell.
    """
    allowed = shown & ~np.eye(len(scores), dtype=bool)
    arcs = np.where(allowed, scores, -np.inf).T.astype(np.float64)  # [head, dependent]
    # A token has one head, or is the root: scaling all that leads to it changes no share.
    peak = np.maximum(arcs.max(axis=0, initial=-np.inf), roots)
    arcs, root = np.exp(arcs - peak), np.exp(roots - peak)
    laplacian = np.diag(arcs.sum(axis=0)) - arcs
    laplacian[:1] = root
    try:
        inverse = np.linalg.inv(laplacian)
    except np.linalg.LinAlgError:
        inverse = np.zeros_like(laplacian)
    stays, leaves = np.diag(inverse).copy(), inverse.T.copy()
    stays[:1], leaves[:1] = 0.0, 0.0
    likely = arcs * (stays - leaves)
    if (
        np.abs(likely.sum(axis=0) + root * inverse[:, :1].sum(axis=1) - 1.0).max(initial=0.0)
        > 1e-9
    ):
        raise MisuseError(
            "matrix-tree: under this mask, or with scores so far apart, no tree has weight"
        )
    return np.maximum(likely, 0.0).T


def log_shares(logits: FloatArray, shown: BoolArray, axis: int) -> FloatArray:
    """Logarithms of shares along an axis; −∞ where nothing is shown.    [...] -> [...]"""
    logits = np.where(shown, logits, -np.inf)
    peak = logits.max(axis, keepdims=True, initial=-np.inf)
    peak = np.where(np.isneginf(peak), 0.0, peak).astype(logits.dtype)
    total = np.exp(logits - peak).sum(axis, keepdims=True)
    made: FloatArray = logits - peak - np.log(np.where(total > 0, total, 1.0))
    return made


PARTS = (Sinkhorn, Inverted, Tree)
