"""Structured attention: marginals of dependency trees, by the matrix-tree theorem."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import NamedTuple

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.visibility import broadcast_visible, require_self_attention
from attnviz.errors import MisuseError

LARGEST_ERROR = 1e-6  # of the product of the Laplacian and its inverse
ILL_CONDITIONED = "from L⁻¹, the Laplacian of exp(S): too ill-conditioned to be checked by hand"


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

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The Laplacian of the tokens, a row of its inverse, and the marginal of the pair"""
        keys = np.flatnonzero(pair.visible[pair.head].any(axis=0)).tolist()
        if pair.i == pair.j or pair.i not in keys:
            yield ArithmeticLine("weight", (0, " (no token is its own head)"), pair.weight)
            return
        inner = np.ix_(keys, keys)
        allowed = pair.visible[pair.head][inner] & ~np.eye(len(keys), dtype=bool)
        scores = np.where(allowed, pair.logits[pair.head][inner], -np.inf)
        roots = (pair.inputs.query[pair.head] @ pair.param("w_root"))[keys]
        sheet = Worksheet([pair.columns[t] for t in keys])
        sheet.row("w·q", roots)
        tree = scaled_laplacian(scores, roots)
        sheet.row("peak", tree.peak)
        dependent, head, terms = keys.index(pair.i), keys.index(pair.j), []
        solution = np.linalg.inv(tree.laplacian)[dependent]
        again = solution @ tree.laplacian
        if np.abs(again - np.eye(len(keys))[dependent]).max() > LARGEST_ERROR:
            yield ArithmeticLine("weight", (ILL_CONDITIONED,), pair.weight)
            return
        sheet.row("L₀", tree.laplacian[0], "exp(w·q − peak)")
        names = [f"exp(S − peak) of key {t}" for t in keys]
        for name, arc in zip(names, tree.arcs, strict=True):
            sheet.row(name, arc)
        sheet.row("sums", tree.arcs.sum(axis=0), " + ".join(names))
        for n, unit in enumerate(np.eye(len(keys))[1:], start=1):
            sheet.row(subscript("e", n), unit)
            formula = f"{subscript('e', n)} × sums − {names[n]}"
            sheet.row(subscript("L", n), tree.laplacian[n], formula)
        text = (
            "columns are the dependent tokens, the queries; peak is the largest of a token's "
            "scores and its w·q; the first row of the Laplacian L are the roots; exp(S) of a key "
            "is 0 where masked and at the token itself"
        )
        yield sheet.line("", (text,), nan)
        for n, value in enumerate(solution.tolist()):
            name = subscript("x", n)
            terms.append(f"{name} × {subscript('L', n)}")
            text = f"entry {n} of row {dependent} of L⁻¹"
            yield ArithmeticLine(name, (text,), value)
        sheet.row("x L", again, " + ".join(terms))
        yield sheet.line("", (f"x L is 1 in column {dependent}, and 0 in the others",), nan)
        own, other = (subscript("x", n) if n else "0" for n in (dependent, head))
        pieces = (float(tree.arcs[head, dependent]), f" × ({own} − {other})")
        yield ArithmeticLine("weight", pieces, pair.weight)


def head_marginals(scores: FloatArray, roots: FloatArray, shown: BoolArray) -> FloatArray:
    """P(j is the head of i) over all trees with one root, by the matrix-tree theorem.

    Formula: with L the Laplacian of exp(S) whose first row is the roots', Koo et al. 2007
    Shapes: [dependent, head], [token], [dependent, head] -> [dependent, head]
    Raises MisuseError where no tree has weight in double precision.
    """
    allowed = shown & ~np.eye(len(scores), dtype=bool)
    tree = scaled_laplacian(np.where(allowed, scores, -np.inf), roots)
    try:
        inverse = np.linalg.inv(tree.laplacian)
    except np.linalg.LinAlgError:
        inverse = np.zeros_like(tree.laplacian)
    own, other = np.diag(inverse).copy(), inverse.T.copy()
    own[:1], other[:1] = 0.0, 0.0
    marginals = tree.arcs * (own - other)
    totals = marginals.sum(axis=0) + tree.laplacian[:1].sum(axis=0) * inverse[:, :1].sum(axis=1)
    if np.abs(totals - 1.0).max(initial=0.0) > 1e-9:
        raise MisuseError(
            "matrix-tree: no tree has weight under this mask, or the scores are too far apart"
        )
    return np.maximum(marginals, 0.0).T


class TreeWeights(NamedTuple):
    """exp(S − peak) of all arcs, and their Laplacian, whose first row are the roots.

    Shapes: peak [dependent], arcs and laplacian [head, dependent]
    """

    peak: FloatArray
    arcs: FloatArray
    laplacian: FloatArray


def scaled_laplacian(scores: FloatArray, roots: FloatArray) -> TreeWeights:
    """The weights of all arcs over the largest of each dependent.

    A token has one head or is the root: scaling all arcs to it changes no marginal.
    Shapes: scores [dependent, head], -inf where not allowed, roots [token]
    """
    scores = scores.T.astype(np.float64)
    peak = np.maximum(scores.max(axis=0, initial=-np.inf), roots)
    arcs = np.exp(scores - peak)
    laplacian = np.diag(arcs.sum(axis=0)) - arcs
    laplacian[:1] = np.exp(roots - peak)
    return TreeWeights(peak, arcs, laplacian)


PARTS = (MatrixTree,)
