"""Every head of a map in a line of numbers: its pattern, how widely and how far it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import UnknownNameError
from attnviz.lookup import unknown
from attnviz.measure.distance import mean_distance, offsets
from attnviz.measure.head_summary import caption
from attnviz.measure.links import strongest_links
from attnviz.measure.patterns import PATTERNS, name_heads

Facts = dict[str, Any]
RANK = {pattern.name: rank for rank, pattern in enumerate(PATTERNS)}
LAST = float("inf")


def facts(amap: AttentionMap) -> Iterator[Facts]:
    """What there is to say of each head; None where a number would have no meaning.

    "score" says how well the best pattern fits, 0 to 1, "pattern" names it if it fits at all;
    "entropy" is in bits, "most_entropy" its limit; "distance" is in tokens; "strongest" is the
    strongest link between words.
    """
    far = None if offsets(amap) is None else mean_distance(amap)
    for number, found in enumerate(name_heads(amap)):
        i, j = divmod(number, amap.n_head)
        note = caption(amap, i, j)
        yield {
            "layer": found.layer,
            "head": found.head,
            "pattern": found.name,
            "score": found.score,
            "entropy": note.entropy,
            "most_entropy": note.most,
            "distance": None if far is None else float(far[i, j]),
            "strongest": strongest(amap, i, j),
        }


def strongest(amap: AttentionMap, i: int, j: int) -> Facts | None:
    """The strongest weight between words of a head, and where it stands.

    Special tokens, where most heads rest, count only where there is nothing else.
    """
    links = strongest_links(amap, i, j, 1, special=False) or strongest_links(amap, i, j, 1)
    for query, key, weight in links:
        tokens = {"query_token": amap.queries[query].label, "key_token": amap.keys[key].label}
        return {"query": query, "key": key, **tokens, "weight": weight}
    return None


SORTS: Mapping[str, Callable[[Facts], Any]] = {
    "layer": lambda row: (row["layer"], row["head"]),
    "pattern": lambda row: (RANK.get(row["pattern"], LAST), -row["score"]),
    "entropy": lambda row: LAST if row["entropy"] is None else row["entropy"],
    "distance": lambda row: LAST if row["distance"] is None else row["distance"],
}


def ordered(rows: Sequence[Facts], by: str) -> list[Facts]:
    """The same heads in another order: the most focused, the nearest first.

    Raises UnknownNameError for an order that is not there.
    """
    if by not in SORTS:
        raise UnknownNameError(unknown(by, SORTS, "order"))
    return sorted(rows, key=SORTS[by])
