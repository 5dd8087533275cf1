"""head_stats: pattern, entropy, mean distance and strongest link of every head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attnviz.argument_types import require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.measures.distance import mean_distance, offsets
from attnviz.measures.head_summary import HeadSummary, summarize_head
from attnviz.measures.patterns import PATTERNS, best_patterns

HeadStats = dict[str, Any]
RANK = {pattern.name: rank for rank, pattern in enumerate(PATTERNS)}
LAST = float("inf")


def head_stats(amap: AttentionMap, sort: str = "layer") -> list[HeadStats]:
    """Summarize every head of a map.

    Args:
        amap: the map.
        sort: order of the heads: "layer", "pattern" (best fit first), "entropy" (lowest
            first) or "distance" (shortest first).

    Returns:
        One dict per head; values are None where they are not defined. "layer" and "head" are
        original indices, "name" is the label of the head ("layer 2 · head 9", "layer 2 · mean of
        12 heads"); "pattern" is the best pattern if its "score", from 0 to 1, is at
        least 0.5; "entropy" and its maximum "most_entropy" are means over rows in bits;
        "distance" is the mean distance in tokens; "strongest" is the strongest link, without
        special tokens, padding and rows with a single key if it can be: query, key,
        query_token, key_token, weight.

    Raises:
        UnknownNameError: an unknown order.
        MisuseError: an order by numbers that are not defined for this map.

    >>> import attnviz
    >>> (stats,) = head_stats(attnviz.read([[1.0, 0.0], [1.0, 0.0]], ["a", "b"]))
    >>> stats["pattern"], stats["entropy"], stats["distance"]
    ('previous token', 0.0, 0.5)
    """
    require_type("amap", amap, AttentionMap)
    require_order(sort)
    distance = None if offsets(amap) is None else mean_distance(amap)
    rows = []
    for number, best in enumerate(best_patterns(amap)):
        i, j = divmod(number, amap.n_head)
        summary = summarize_head(amap, i, j)
        rows.append(
            {
                "layer": best.layer,
                "head": best.head,
                "name": amap.head_name(i, j),
                "pattern": best.name,
                "score": best.score,
                "entropy": summary.entropy,
                "most_entropy": summary.max_entropy,
                "distance": None if distance is None else float(distance[i, j]),
                "strongest": link_record(amap, summary),
            }
        )
    if sort in ("entropy", "distance") and all(row[sort] is None for row in rows):
        raise MisuseError(f"--sort has no effect: no head of this map has a mean {sort}")
    return sort_heads(rows, sort)


def link_record(amap: AttentionMap, summary: HeadSummary) -> HeadStats | None:
    """The strongest link of a head with its tokens; None for a head without any weight."""
    query, key = summary.query, summary.key
    if query is None or key is None:
        return None
    tokens = {"query_token": amap.queries[query].label, "key_token": amap.keys[key].label}
    return {"query": query, "key": key, **tokens, "weight": summary.weight}


ORDERS: Mapping[str, Callable[[HeadStats], Any]] = {
    "layer": lambda row: (row["layer"], row["head"]),
    "pattern": lambda row: (RANK.get(row["pattern"], LAST), -row["score"]),
    "entropy": lambda row: LAST if row["entropy"] is None else row["entropy"],
    "distance": lambda row: LAST if row["distance"] is None else row["distance"],
}


def require_order(name: str) -> None:
    """Refuse an unknown order with UnknownNameError."""
    if name not in ORDERS:
        raise UnknownNameError(unknown_name_message(name, ORDERS, "order"))


def sort_heads(rows: Sequence[HeadStats], by: str) -> list[HeadStats]:
    """The heads in another order.    Raises UnknownNameError for an unknown order."""
    require_order(by)
    return sorted(rows, key=ORDERS[by])
