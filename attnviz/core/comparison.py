"""Heads of a comparison: the map that each head of a joined map belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata

KINDS = ("original", "changed", "difference")
DIVERGENCE_NOTE = "JS = Jensen–Shannon divergence in bits"
DIVERGENCE_LABEL = r" · JS (?:< )?\d\.\d{3}(?: bits)?$"  # ends the name of a difference
DIVERGENCE_CAPTION = rf"; (?:{DIVERGENCE_NOTE}|largest change: .*)$"


class ComparedHead(NamedTuple):
    """One head of a comparison: the name of its map, its kind, its original index there.

    `kind` is one of KINDS: the first map, another one, or the difference of one from the first.
    """

    name: str
    kind: str
    head: int


def comparison_meta(heads: Sequence[ComparedHead]) -> MapMetadata:
    """The metadata of a comparison with these heads."""
    return {"comparison": [head._asdict() for head in heads]}


def without_divergence(amap: AttentionMap) -> AttentionMap:
    """The map without its divergences, which were those of all of its layers, queries and keys.

    Shapes: [layer, head, query, key] -> the same
    """
    if "divergence" not in amap.meta:
        return amap
    stale = ("divergence", "row_divergence", "most_changed")
    meta = {name: value for name, value in amap.meta.items() if name not in stale}
    if "algebra" in meta:
        meta["algebra"] = re.sub(DIVERGENCE_CAPTION, "", str(meta["algebra"]))
    names = tuple(re.sub(DIVERGENCE_LABEL, "", name) for name in amap.names)
    return replace(amap, names=names, meta=cast("MapMetadata", meta))


def compared_heads(amap: AttentionMap) -> tuple[ComparedHead, ...]:
    """One entry per head of a comparison; empty for other maps, and for invalid metadata."""
    entries = all_entries(amap)
    is_valid = len(set(amap.heads)) == amap.n_head and max(amap.heads, default=0) < len(entries)
    return tuple(entries[head] for head in amap.heads) if is_valid else ()


def table_heads(amap: AttentionMap) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The numbers of the heads in a table, and the map that each belongs to.

    In a comparison, a head has the number that it has in its own map. Of a reduced head the
    second is its label. The second is empty for other maps: their heads need no name.
    """
    compared = compared_heads(amap)
    if compared:
        return tuple(head.head for head in compared), tuple(head.name for head in compared)
    if amap.names or {"reduced_heads", "reduced_layers"} & amap.meta.keys():
        prefix = f"{amap.layer_label(0)} · " if "reduced_layers" in amap.meta else ""
        return amap.heads, tuple(prefix + amap.head_label(j) for j in range(amap.n_head))
    return amap.heads, ()


def heads_by_map(amap: AttentionMap) -> dict[str, list[int]]:
    """The indices of the heads of each map of a comparison, by its name; empty for other maps."""
    groups: dict[str, list[int]] = {name: [] for name in compared_names(amap)}
    for index, head in enumerate(compared_heads(amap)):
        groups[head.name].append(index)
    return {name: indices for name, indices in groups.items() if indices}


def compared_names(amap: AttentionMap) -> tuple[str, ...]:
    """The names of the maps of a comparison, in order, even if none of their heads is left."""
    return tuple(dict.fromkeys(entry.name for entry in all_entries(amap)))


def all_entries(amap: AttentionMap) -> list[ComparedHead]:
    """The entries of the whole comparison; none if one is invalid."""
    entries: Any = amap.meta.get("comparison")
    if not isinstance(entries, list):
        return []
    heads = [parse_entry(entry) for entry in entries]
    valid = [head for head in heads if head is not None]
    return valid if len(valid) == len(heads) else []


def parse_entry(entry: Any) -> ComparedHead | None:
    """An entry of the metadata, None if it is invalid (files may hold anything)."""
    if not isinstance(entry, dict):
        return None
    name, kind, head = (entry.get(field) for field in ComparedHead._fields)
    if not isinstance(name, str) or kind not in KINDS or type(head) is not int or head < 0:
        return None
    return ComparedHead(name, str(kind), head)
