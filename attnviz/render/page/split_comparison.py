"""A comparison, taken apart: pages lay maps side by side, pictures one after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap

OF_ALL = ("algebra", "compared", "divergence")  # what is said of a comparison as a whole


def apart(amap: AttentionMap) -> tuple[AttentionMap, ...]:
    """The maps that a comparison is made of; any other map alone.

    The heads of a comparison are, for each head, every mechanism and then the differences of
    all but the first from it: 2n − 1 in turns for n mechanisms.
    """
    said: Any = amap.meta.get("compared")
    names = said if isinstance(said, list) and all(isinstance(x, str) for x in said) else []
    distinct = len(set(amap.heads)) == amap.n_head  # a file may say anything
    if len(names) < 2 or not amap.names or not distinct:
        return (amap,)
    turns = [*names, *(f"{name} − {names[0]}" for name in names[1:])]
    heads = [[h for h in amap.heads if h % len(turns) == turn] for turn in range(len(turns))]
    return tuple(
        part(amap.select(heads=own), name, len(turns))
        for name, own in zip(turns, heads, strict=True)
        if own
    )


def part(some: AttentionMap, name: str, n_turn: int) -> AttentionMap:
    """Some heads of a comparison as a map of their own, numbered anew."""
    meta = {key: value for key, value in some.meta.items() if key not in OF_ALL}
    whole = bool(np.allclose(some.weights.sum(-1), 1.0, atol=1e-5))
    own = {
        "name": name,
        "variant": name,
        "signed": bool((some.weights < 0).any()),
        "row_sum": "1" if whole else "any",
    }
    return replace(some, heads=tuple(h // n_turn for h in some.heads), meta=meta | own)
