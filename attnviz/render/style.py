"""How a map is to be shown; every renderer takes what concerns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.record import Record

REMARK = " · "  # between the remarks of a caption


class Style(Record, kw_only=True):
    """Wishes about the picture. None means: what suits the map.

    `captions` are lines about a head, keyed by (layer, head), original numbers; their text has
    been made printable already. `patterns`, by the same key, are ways of looking that heads
    are known for, and how well they fit, 0 to 1. `made_by` says how the artefact was made
    (command, versions) and goes into its metadata. `precision` is a number of decimals,
    `query` a position, for views of a single row.
    """

    view: str = "auto"
    query: int | None = None  # whose row the text view shows
    palette: str | None = None
    precision: int | None = None
    title: str | None = None
    annotate: bool | None = None
    size: tuple[float, float] | None = None  # inches
    dpi: int = 150
    ascii: bool = False  # the terminal can show no more than ASCII
    captions: Mapping[tuple[int, int], str] = field(default_factory=dict)
    patterns: Mapping[tuple[int, int], tuple[str, float]] = field(default_factory=dict)
    made_by: Mapping[str, str] = field(default_factory=dict)


def query_of(amap: AttentionMap, style: Style) -> int:
    """The position that was asked for, or the last, which sees most.

    Raises MisuseError for a position that the map does not have.
    """
    last = len(amap.queries) - 1
    if style.query is None:
        return last
    if not 0 <= style.query <= last:
        raise MisuseError(f"there is no query {style.query}; there are 0 to {last}")
    return style.query
