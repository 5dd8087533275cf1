"""A comparison, taken apart: pages lay maps side by side, pictures one after another."""

from __future__ import annotations

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
    if len(names) < 2 or not amap.names:
        return (amap,)
    turns = [*names, *(f"{name} − {names[0]}" for name in names[1:])]
    heads = [
        [at for at, head in enumerate(amap.heads) if head % len(turns) == turn]
        for turn in range(len(turns))
    ]
    return tuple(
        part(amap, own, name, len(turns)) for name, own in zip(turns, heads, strict=True) if own
    )


def part(amap: AttentionMap, own: list[int], name: str, n_turn: int) -> AttentionMap:
    """Some heads of a comparison as a map of their own."""
    visible = amap.visible
    if visible is not None and visible.shape[1] > 1:
        visible = visible[:, own]
    weights = amap.weights[:, own]
    meta = {key: value for key, value in amap.meta.items() if key not in OF_ALL}
    whole = bool(np.allclose(weights.sum(-1), 1.0, atol=1e-5))
    return AttentionMap(
        queries=amap.queries,
        keys=amap.keys,
        weights=weights,
        visible=visible,
        layers=amap.layers,
        heads=tuple(amap.heads[at] // n_turn for at in own),
        names=tuple(amap.names[at] for at in own),
        text=amap.text,
        context=amap.context,
        meta={
            **meta,
            "name": name,
            "variant": name,
            "signed": bool((weights < 0).any()),
            "row_sum": "1" if whole else "any",
        },
    )
