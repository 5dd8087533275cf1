"""head_stats: pattern, entropy, distance, strongest link and all measures of every head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError, UnknownNameError, UnknownParameterError
from attnviz.lookup import unknown_name_message
from attnviz.measures.corpus import CorpusStatistics, HeadValues
from attnviz.measures.head_summary import HeadSummary, summarize_head
from attnviz.measures.patterns import PATTERNS
from attnviz.measures.sink_patterns import LEAST_REST
from attnviz.measures.table import MEASURES, WITHOUT_SINK, find_measure

HeadStats = dict[str, Any]
NAMES = tuple(pattern.name for pattern in PATTERNS)
NAMES_WITHOUT_SINK = tuple(row.name for row in MEASURES if row.base in NAMES)
RANK = {name: rank for rank, name in enumerate(NAMES)}
AT_LEAST = 0.5  # score of a head with a pattern
LAST = float("inf")


def head_stats(amap: AttentionMap, sort: str = "layer") -> list[HeadStats]:
    """Summarize every head of a map.

    Args:
        amap: the map.
        sort: order of the heads: "layer", "pattern" (best fit first), "link" (by the weight of the
            strongest link), or the name of a measure:
            "entropy" (lowest first), "distance" (shortest first), "induction" (highest first)…

    Returns:
        One dict per head; values are None where they are not defined. "layer" and "head" are
        original indices, "name" is the label of the head ("layer 2 · head 9", "layer 2 · mean of
        12 heads"); "pattern" is the best pattern if its "score", from 0 to 1, is at
        least 0.5 (both None for rows that are not distributions), "pattern_without_sink" with
        "score_without_sink" the best one of the weight on keys other than the first token and
        special tokens (no pattern if less than 5 % is there); "measures" has all measures by
        name, see `attnviz.measure`; "entropy" and its maximum "most_entropy" are means over
        rows in bits; "distance" is the mean distance in tokens; "profile" is the share of the
        weight off the sinks by relative position (measures.profile.PROFILE_BINS); "strongest" is
        the strongest link, without special tokens, padding and rows with a single key if it can
        be: query, key, query_token, key_token, weight.

    Raises:
        UnknownNameError: an unknown order.
        MisuseError: an order by numbers that are not defined for this map.

    >>> import attnviz
    >>> (stats,) = head_stats(attnviz.read([[1.0, 0.0], [1.0, 0.0]], ["a", "b"]))
    >>> stats["pattern"], stats["entropy"], stats["distance"]
    ('previous token', 0.0, 0.5)
    """
    require_given("amap", amap, AttentionMap)
    require_order(sort)
    rows = head_rows(HeadValues.of(amap))
    for row, at in zip(rows, np.ndindex(amap.n_layer, amap.n_head), strict=True):
        summary = summarize_head(amap, *at)
        row["entropy"], row["most_entropy"] = summary.entropy, summary.max_entropy
        row["distance"] = row["measures"].get("distance")
        row["strongest"] = link_record(amap, summary)
    return sort_heads(rows, sort)


heads = head_stats  # the name of the command


def corpus_stats(maps: Iterable[AttentionMap], sort: str = "layer") -> list[HeadStats]:
    """Summarize every head over many maps, in one pass and with bounded memory.

    Args:
        maps: maps with the same layers and heads, as from an iterator.
        sort: order of the heads, as for `attnviz.head_stats`.

    Returns:
        One dict per head, as from `attnviz.head_stats`: "measures" has the means over the maps
        for which a measure is defined, "spread" their standard deviations (n − 1), "count" the
        numbers of these maps; patterns and profiles are those of the means.

    Raises:
        UnknownNameError: an unknown order.
        MisuseError: no map, or maps with different layers or heads.

    >>> import attnviz
    >>> maps = (attnviz.look(text, variant="causal") for text in ("the cat", "the cat sat"))
    >>> (stats,) = corpus_stats(maps)
    >>> stats["count"]["entropy"]
    2
    """
    require_order(sort)
    require_given("maps", maps, Iterable)
    if isinstance(maps, AttentionMap):
        raise UnknownParameterError(f"maps={maps!r} should be several maps, such as [amap]")
    statistics = CorpusStatistics()
    for amap in maps:
        require_given("maps", amap, AttentionMap)
        statistics.add(HeadValues.of(amap))
    return corpus_rows(statistics, sort)


def corpus_rows(statistics: CorpusStatistics, sort: str) -> list[HeadStats]:
    """One dict per head of a corpus."""
    rows = head_rows(statistics.means)
    shape = len(statistics.means.layers), len(statistics.means.heads)
    for row, at in zip(rows, np.ndindex(*shape), strict=True):
        moments = statistics.moments.items()
        row["spread"] = {name: defined(one.spread[at]) for name, one in moments}
        row["count"] = {name: int(one.count[at]) for name, one in moments}
    return sort_heads(rows, sort)


def head_rows(values: HeadValues) -> list[HeadStats]:
    """What both kinds of statistics have in common, one dict per head in the order of layers."""
    rows: list[HeadStats] = []
    for number, at in enumerate(np.ndindex(len(values.layers), len(values.heads))):
        measures = {name: defined(value[at]) for name, value in values.measures.items()}
        is_distribution = measures.get("entropy") is not None
        pattern, score = find_best(measures, NAMES) if is_distribution else (None, None)
        below, score_below = find_best(measures, NAMES_WITHOUT_SINK)
        if is_distribution and (measures.get("sink") or 0.0) > 1.0 - LEAST_REST:
            below = None
        profile = None if values.profile is None else values.profile[at]
        has_profile = profile is not None and not np.isnan(profile).any()
        rows.append(
            {
                "layer": values.layers[at[0]],
                "head": values.heads[at[1]],
                "name": values.names[number],
                "pattern": pattern,
                "score": score,
                "pattern_without_sink": below and below.removesuffix(WITHOUT_SINK),
                "score_without_sink": score_below,
                "measures": measures,
                "profile": list(map(float, profile))
                if has_profile and profile is not None
                else None,
            }
        )
    return rows


def find_best(
    measures: Mapping[str, float | None], names: Sequence[str]
) -> tuple[str | None, float]:
    """The name of the highest score, None if it is below AT_LEAST, and this score."""
    scores = [
        (measures.get(name) or 0.0, name) for name in names if measures.get(name) is not None
    ]
    score, name = max(scores, key=lambda entry: entry[0], default=(0.0, ""))
    return (name if scores and score >= AT_LEAST else None), score


def defined(value: Any) -> float | None:
    """A number, or None for NaN."""
    return None if np.isnan(value) else float(value)


def link_record(amap: AttentionMap, summary: HeadSummary) -> HeadStats | None:
    """The strongest link of a head with its tokens; None for a head without any weight."""
    query, key = summary.query, summary.key
    if query is None or key is None:
        return None
    tokens = {"query_token": amap.queries[query].label, "key_token": amap.keys[key].label}
    return {"query": query, "key": key, **tokens, "weight": summary.weight}


ORDERS: Mapping[str, Callable[[HeadStats], Any]] = {
    "layer": lambda row: (row["layer"], row["head"]),
    "pattern": lambda row: (RANK.get(row["pattern"], LAST), -(row["score"] or 0.0)),
    "link": lambda row: LAST if not row.get("strongest") else -abs(row["strongest"]["weight"]),
}


def require_order(name: str) -> None:
    """Refuse an unknown order with UnknownNameError."""
    require_given("sort", name, str)
    if name in ORDERS:
        return
    try:
        find_measure(name)
    except UnknownNameError:
        names = [*ORDERS, *(row.name for row in MEASURES)]
        raise UnknownNameError(unknown_name_message(name, names, "order")) from None


def sort_heads(rows: Sequence[HeadStats], by: str) -> list[HeadStats]:
    """The heads in another order, those without a value last.

    Raises UnknownNameError for an unknown order, MisuseError where no head has a value.
    """
    require_order(by)
    if by == "link" and not any(row.get("strongest") for row in rows):
        raise MisuseError("--sort link has no effect: no head has a strongest link (of one map)")
    if by in ORDERS:
        return sorted(rows, key=ORDERS[by])
    measure = find_measure(by)
    sign = 1 if measure.is_lowest_first else -1
    if all(row["measures"].get(measure.name) is None for row in rows):
        raise MisuseError(f"--sort has no effect: no head of this map has a value of {by!r}")

    def key(row: HeadStats) -> float:
        value = row["measures"].get(measure.name)
        return LAST if value is None else sign * value

    return sorted(rows, key=key)
