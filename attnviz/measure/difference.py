"""What changed between two maps, and in which heads."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import only, seen
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.measure.entropy import bits
from attnviz.measure.row_mass import outcomes, require_shares


class HeadChange(NamedTuple):
    """How much one head changed, in bits from 0 to 1. Original numbers of layer and head."""

    layer: int
    head: int
    divergence: float


def difference(before: AttentionMap, after: AttentionMap) -> AttentionMap:
    """What each weight gained: a signed map, visible where either map was.

    Formula: A_after − A_before    Shapes: both [layer, head, query, key] -> the same
    Raises MisuseError for maps with different numbers of layers, heads or tokens.
    """
    require_same_shape(before, after)
    meta = {**after.meta, "row_sum": "any", "signed": True, "difference_from": dict(before.meta)}
    return replace(
        after,
        weights=after.weights.astype(np.float64) - before.weights,
        visible=None
        if before.hidden is None or after.hidden is None
        else seen(before) | seen(after),
        query_vectors=None,
        key_vectors=None,
        meta=meta,
    )


def row_divergence(before: AttentionMap, after: AttentionMap) -> FloatArray:
    """How different each row is, in bits: 0 the same, 1 nothing in common.

    Formula: the Jensen–Shannon divergence H((p+q)/2) − (H(p) + H(q))/2 over the keys and
    "nothing", which has what a row does not spend: a row that saw nothing and now sees
    something has 1, one that sees nothing in both maps has 0.
    Shapes: -> [layer, head, query]
    Raises MisuseError for maps that do not fit, or whose rows are no shares of one whole.
    """
    require_same_shape(before, after)
    for amap in (before, after):
        require_shares(amap, "divergence")
    p, q = outcomes(before), outcomes(after)
    apart = bits((p + q) / 2) - (bits(p) + bits(q)) / 2
    return np.clip(apart, 0.0, 1.0)  # rounding carries equal rows to −1e-17


def head_divergence(before: AttentionMap, after: AttentionMap) -> FloatArray:
    """The mean divergence of a head's rows, in bits.    -> [layer, head]"""
    return row_divergence(before, after).mean(-1)


def most_changed(before: AttentionMap, after: AttentionMap, n: int = 5) -> list[HeadChange]:
    """The `n` heads that changed most, the most changed first; of equals, the first."""
    apart = head_divergence(before, after)
    order = np.argsort(-apart, axis=None, kind="stable")[:n]
    places = zip(*np.unravel_index(order, apart.shape), strict=True)
    return [HeadChange(after.layers[a], after.heads[b], float(apart[a, b])) for a, b in places]


def require_same_shape(before: AttentionMap, after: AttentionMap) -> None:
    """Refuse two maps that cannot be laid on one another, saying which axis differs."""
    axes = ("layers", "heads", "queries", "keys")
    for axis, n, other in zip(axes, before.weights.shape, after.weights.shape, strict=True):
        if n != other:
            advice = "keep the tokens that both have" if axis in ("queries", "keys") else "select"
            raise MisuseError(
                f"the maps have {n} and {other} {axis}; a difference needs as many in both: "
                f"{advice} first"
            )


def align(before: tuple[Token, ...], after: tuple[Token, ...]) -> list[tuple[int, int]]:
    """Positions of the tokens that both texts have, in order, as a text comparison sees it."""
    old, new = [token.piece for token in before], [token.piece for token in after]
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(i + step, j + step) for i, j, size in blocks for step in range(size)]


def aligned(before: AttentionMap, after: AttentionMap) -> tuple[AttentionMap, AttentionMap]:
    """Both maps with the tokens that they share, so that they can be compared.

    Weights on tokens that fall away are not given to others: rows then spend less than 1,
    and `meta["dropped"]` counts the queries and keys that went.
    Raises MisuseError where the texts share no token.
    """
    queries, keys = align(before.queries, after.queries), align(before.keys, after.keys)
    if not queries or not keys:
        raise MisuseError("the two texts share no token: there is nothing to compare")
    first = only(before, [q for q, _ in queries], [k for k, _ in keys])
    return first, only(after, [q for _, q in queries], [k for _, k in keys])
