"""What changed from one map to another: a map of what each weight gained, and who changed most."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from attnviz.api.captions import Patterns
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.measure.difference import (
    HeadChange,
    aligned,
    difference,
    head_divergence,
    most_changed,
)
from attnviz.measure.row_mass import is_shared_out
from attnviz.render.safe_text import printable
from attnviz.render.style import REMARK

FEW = 5  # heads that are named


class Difference(NamedTuple):
    """What changed: the map, the heads that changed most, and what has to be known of it."""

    amap: AttentionMap
    changes: list[HeadChange]  # the most changed first; none where rows are no shares
    notes: list[str]


def diff(
    before: AttentionMap,
    after: AttentionMap,
    names: tuple[str, str] = ("before", "after"),
) -> Difference:
    """What each weight gained, on the tokens that both maps have.

    Formula: A_after − A_before; a head's change is the mean Jensen–Shannon divergence of its
    rows in bits, 0 the same, 1 nothing in common.
    Raises MisuseError for maps with other numbers of layers or heads, or without a common token.
    """
    before, after, notes = laid_together(before, after)
    gained = difference(before, after)
    first, second = names
    meta = {
        **gained.meta,
        "source": "difference",
        "variant": f"{second} − {first}",
        "algebra": "what each weight gained",
        "before": first,
        "after": second,
    }
    changes: list[HeadChange] = []
    if is_shared_out(before) and is_shared_out(after):
        changes = most_changed(before, after, FEW)
        meta["divergence"] = head_divergence(before, after).tolist()
        meta["most_changed"] = [change._asdict() for change in changes]
        meta["algebra"] += f"; most changed: {told(changes)}"
    else:
        notes.append("rows are no shares of one whole: there is no divergence to tell")
    return Difference(replace(gained, meta=meta), changes, notes)


def told(changes: list[HeadChange]) -> str:
    """The most changed heads in a line."""
    moved = [change for change in changes if change.divergence > 0]
    said = [f"layer {layer} · head {head} JS {apart:.3f}" for layer, head, apart in moved]
    return ", ".join(said) or "none"


def laid_together(
    before: AttentionMap, after: AttentionMap
) -> tuple[AttentionMap, AttentionMap, list[str]]:
    """Two maps over the same tokens, and what was done to get there."""
    notes = []
    if before.weights.shape == after.weights.shape:
        if unnamed(after):
            after = replace(after, queries=before.queries, keys=before.keys)
        elif unnamed(before):
            before = replace(before, queries=after.queries, keys=after.keys)
    if pieces(before) != pieces(after):
        n_query, n_key = len(before.queries), len(before.keys)
        before, after = aligned(before, after)
        notes.append(
            f"the texts differ: compared are the tokens that both have, {len(before.queries)} of "
            f"{n_query} queries and {len(before.keys)} of {n_key} keys of the first"
        )
    return before, after, notes


def pieces(amap: AttentionMap) -> tuple[list[str], list[str]]:
    """What the tokens of both sides are."""
    return [token.piece for token in amap.queries], [token.piece for token in amap.keys]


def unnamed(amap: AttentionMap) -> bool:
    """Whether its tokens are no more than their positions."""

    def positions(tokens: tuple[Token, ...]) -> bool:
        return [token.piece for token in tokens] == [str(i) for i in range(len(tokens))]

    return positions(amap.queries) and positions(amap.keys)


def captions(gained: AttentionMap, known: Patterns) -> dict[tuple[int, int], str]:
    """A line for each head of a difference: how much it changed, and where most."""
    apart = gained.meta.get("divergence")
    return {
        (layer, head): REMARK.join(
            ([] if apart is None else [f"JS {apart[i][j]:.3f} bits"]) + extremes(gained, i, j)
        )
        for i, layer in enumerate(gained.layers)
        for j, head in enumerate(gained.heads)
    }


def extremes(gained: AttentionMap, i: int, j: int) -> list[str]:
    """The largest gain and the largest loss of a head.    [query, key] -> texts"""
    weights = gained.weights[i, j]
    said = []
    for name, place in (("gained", weights.argmax()), ("lost", weights.argmin())):
        q, k = (int(at) for at in np.unravel_index(place, weights.shape))
        if weights[q, k] * (1 if name == "gained" else -1) > 0:
            query, key = printable(gained.queries[q].label), printable(gained.keys[k].label)
            said.append(f"{name} most {query} → {key} {weights[q, k]:+.2f}")
    return said or ["nothing changed"]


def require_known(found: Difference) -> HeadChange:
    """The head that changed most; MisuseError where change cannot be told."""
    if not found.changes:
        raise MisuseError(
            "--max-js needs rows of shares, not negative and with a sum of at most 1"
        )
    return found.changes[0]
