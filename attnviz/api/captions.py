"""One true line about each head: what it is known for, where it looks most, how widely."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attnviz.core.attention_map import AttentionMap
from attnviz.measure.head_summary import caption
from attnviz.render.safe_text import printable
from attnviz.render.style import REMARK

Patterns = Mapping[tuple[int, int], tuple[str, float]]
Captions = Callable[[AttentionMap, Patterns], Mapping[tuple[int, int], str]]


def captions(amap: AttentionMap, known: Patterns | None = None) -> dict[tuple[int, int], str]:
    """A line for each head, by its layer's and its own original number.

    `known` are patterns that heads fit; such a line begins with the pattern. Of cells that
    stand for many weights there is nothing of this kind to say.
    """
    if "pooled" in amap.meta:
        return {}
    said = {at: f"{name} {score:.2f}{REMARK}" for at, (name, score) in (known or {}).items()}
    return {
        (layer, head): said.get((layer, head), "") + line(amap, i, j)
        for i, layer in enumerate(amap.layers)
        for j, head in enumerate(amap.heads)
    }


def patterns(amap: AttentionMap) -> Patterns:
    """The pattern that each head of a trained model fits, where it fits one.

    Numbers from a seed, masks and comparisons have no habits to name.
    """
    strange = amap.meta.get("source") in ("mask", "difference") or "pooled" in amap.meta
    if amap.names or strange or "seed" in amap.meta:
        return {}
    from attnviz.measure.patterns import name_heads

    return {
        (found.layer, found.head): (found.name, found.score)
        for found in name_heads(amap)
        if found.name is not None
    }


def line(amap: AttentionMap, i: int, j: int) -> str:
    """The strongest link of a head, and the mean entropy of its rows where they have one."""
    note = caption(amap, i, j)
    if note.query is None or note.key is None:
        return "looks at nothing"
    query, key = printable(amap.queries[note.query].label), printable(amap.keys[note.key].label)
    said = f"strongest {query} → {key} {note.weight:.2f}"
    if note.entropy is None:
        return said
    return f"{said}{REMARK}entropy {note.entropy:.2f} of {note.most:.2f} bits"
