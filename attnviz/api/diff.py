"""diff: the change of each weight between two maps, and the heads that changed most."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, cast

import numpy as np

from attnviz.api.captions import Patterns
from attnviz.api.difference_title import difference_title
from attnviz.argument_types import require_given, require_pair, require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.rounded_text import format_rounded
from attnviz.core.tokens import Token
from attnviz.measures.alignment import align_maps
from attnviz.measures.difference import (
    HeadChange,
    difference,
    most_changed_heads,
    row_divergence,
)
from attnviz.measures.links import content_pairs
from attnviz.measures.row_mass import has_distribution_rows
from attnviz.measures.tolerance import Excess, Limits, find_excess
from attnviz.render.link_text import format_link
from attnviz.render.safe_text import escape_token
from attnviz.render.style import SEPARATOR

FEW = 5  # heads listed by name
SMALLEST_FIXED = 0.001  # bits; fewer are written with two significant digits


class Difference(NamedTuple):
    """The difference of two maps, the heads that changed most, and notes for the user.

    `changes` is in descending order, empty if rows are not distributions. `excesses` are the
    limits that the difference exceeds, each with the largest value.
    """

    amap: AttentionMap
    changes: list[HeadChange]
    notes: list[str]
    excesses: list[Excess]


def diff(
    before: AttentionMap,
    after: AttentionMap,
    names: tuple[str, str] = ("before", "after"),
    *,
    max_js: float | None = None,
    max_row_js: float | None = None,
    max_abs: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Difference:
    """Compute the difference of two maps, weight by weight.

    Texts of equally many tokens are aligned by position, others by the tokens that they share.

    Formula: A_after − A_before; the change of a head is the mean Jensen–Shannon divergence of
    its rows in bits, 0 identical, 1 disjoint.

    Args:
        before: the baseline.
        after: the new map, with the same layers and heads.
        names: what titles call the two.
        max_js: the mean divergence that a head may have, in bits.
        max_row_js: the divergence that a row may have, in bits.
        max_abs: the change that a weight may have.
        rtol: relative tolerance of weights, |B − A| ≤ atol + rtol·|A|.
        atol: absolute tolerance of weights, in the same formula.

    Returns:
        The map of differences (with meta["divergence"] [layer][head] if rows are
        distributions), the heads that changed most, notes, such as that the texts differ, and
        the limits that are exceeded.

    Raises:
        MisuseError: different numbers of layers or heads, no shared token; limits of the
            divergence of rows that are not distributions.

    >>> import attnviz
    >>> before = attnviz.look("The cat sat", variant="scaled-dot")
    >>> after = attnviz.look("The cat sat", variant="causal")
    >>> changes = diff(before, after).changes
    >>> [(change.layer, change.head, round(change.divergence, 3)) for change in changes]
    [(0, 0, 0.233)]
    """
    require_given("before", before, AttentionMap)
    require_given("after", after, AttentionMap)
    require_pair("names", names, str, of="texts")
    given = {
        "max_js": max_js,
        "max_row_js": max_row_js,
        "max_abs": max_abs,
        "rtol": rtol,
        "atol": atol,
    }
    for name, limit in given.items():
        require_type(name, limit, float)
    limits = Limits(**given)
    before, after, notes = align(before, after)
    change = difference(before, after)
    first, second = names
    shared = {name: value for name, value in change.meta.items() if name != "composed"}
    meta: MapMetadata = {
        **cast("MapMetadata", shared),
        "source": "difference",
        "variant": difference_title(names, before, after),
        "algebra": SEPARATOR.join(
            filter(None, ("difference (B − A)", change.meta.get("alignment")))
        ),
        "before": first,
        "after": second,
    }
    changes: list[HeadChange] = []
    if has_distribution_rows(before) and has_distribution_rows(after):
        changes = most_changed_heads(before, after, FEW)
        rows = row_divergence(before, after)
        meta["divergence"] = rows.mean(-1).tolist()
        meta["row_divergence"] = rows.max(-1).tolist()
        meta["most_changed"] = [head._asdict() for head in changes]
        meta["algebra"] += f"; largest change: {describe_changes(change, changes)}"
    else:
        notes.append("rows are not distributions; divergence not computed")
    is_whole = "dropped" not in after.meta
    excesses = find_excess(before, after, limits) if is_whole else find_unequal_texts(limits)
    return Difference(replace(change, meta=meta), changes, notes, excesses)


def find_unequal_texts(limits: Limits) -> list[Excess]:
    """What limits of whole maps are exceeded by where tokens were left out."""
    return [Excess("texts", None, None, (), 1.0, 0.0, 1)] if limits.active else []


def describe_excess(excess: Excess, amap: AttentionMap) -> str:
    """Where a limit is exceeded, the largest value, and the number of others, in one line."""
    if excess.layer is None:
        return "limits compare whole maps; the texts differ"
    where = f"layer {excess.layer}, head {excess.head}"
    sides = (("query", amap.queries), ("key", amap.keys))
    names = [
        f"{side} {position} ({escape_token(tokens[position].label)})"
        for (side, tokens), position in zip(sides, excess.tokens, strict=False)
    ]
    place = ", ".join((where, " → ".join(names))) if names else where
    is_js = excess.name.endswith("js")
    js = f"{excess.value:.4f}" if excess.value >= SMALLEST_FIXED else f"{excess.value:.2g}"
    value = f"JS {js} bits" if is_js else f"|B − A| = {excess.value:.4g}"
    option = f"--{excess.name.replace('_', '-')}"
    allowed = f"{option} {excess.limit:g}"
    if excess.name in ("rtol", "atol"):
        allowed = f"atol + rtol·|A| = {excess.limit:.4g}"
    others = f" (+{excess.count - 1} more)" if excess.count > 1 else ""
    return f"{place}: {value} > {allowed}{others}"


def describe_changes(amap: AttentionMap, changes: list[HeadChange]) -> str:
    """The heads that changed most, in one line."""
    heads = [
        f"{amap.head_name(amap.layers.index(c.layer), amap.heads.index(c.head))} "
        f"JS {format_rounded(c.divergence, 3)}"
        for c in changes
        if c.divergence > 0
    ]
    return ", ".join(heads) or "none"


def align(
    before: AttentionMap, after: AttentionMap
) -> tuple[AttentionMap, AttentionMap, list[str]]:
    """Two maps over the same tokens, and notes on how they were aligned.

    A map of the same shape without tokens takes those of the other. The map of the second text
    has the alignment in its metadata.
    """
    notes = []
    if before.weights.shape == after.weights.shape:
        if has_position_tokens(after):
            after = replace(after, queries=before.queries, keys=before.keys)
        elif has_position_tokens(before):
            before = replace(before, queries=after.queries, keys=after.keys)
    before, after, how = align_maps(before, after)
    if how is not None:
        after = replace(after, meta={**after.meta, "alignment": how})
        notes.append(f"texts differ; {how}")
    return before, after, notes


def has_position_tokens(amap: AttentionMap) -> bool:
    """Whether the tokens are only positions, in place of unknown tokens."""

    def are_positions(tokens: tuple[Token, ...]) -> bool:
        return [token.piece for token in tokens] == [str(i) for i in range(len(tokens))]

    return are_positions(amap.queries) and are_positions(amap.keys)


def make_captions(change: AttentionMap, patterns: Patterns) -> dict[tuple[int, int], str]:
    """One line per head of a difference: its divergence, largest increase and decrease."""
    divergence, largest = change.meta.get("divergence"), change.meta.get("row_divergence")
    return {
        (layer, head): SEPARATOR.join(
            ([] if divergence is None else [f"JS {format_rounded(divergence[i][j], 3)} bits"])
            + ([] if largest is None else [f"of one row up to {format_rounded(largest[i][j], 3)}"])
            + describe_extremes(change, i, j)
        )
        for i, layer in enumerate(change.layers)
        for j, head in enumerate(change.heads)
    }


def describe_extremes(change: AttentionMap, i: int, j: int) -> list[str]:
    """The largest increase and decrease of a head, of content pairs if one of them changed.

    Shapes: [query, key] of one head -> texts
    """
    content = np.where(content_pairs(change, i, j), change.weights[i, j], 0.0)
    weights = content if content.any() else change.weights[i, j]
    extremes = []
    for name, sign, cell in (
        ("increase", 1, weights.argmax()),
        ("decrease", -1, weights.argmin()),
    ):
        q, k = (int(at) for at in np.unravel_index(cell, weights.shape))
        if weights[q, k] * sign > 0:
            size = format_rounded(weights[q, k], 2, "+")
            extremes.append(f"largest {name} {format_link(change, q, k)} {size}")
    return extremes or ["identical"]
