"""Titles of differences: the names of both maps, with what distinguishes them."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap

# Facts that name one of two maps of the same mechanism or model.
DISTINCTIVE = (
    *("model", "revision", "adapter", "intervention", "attention", "seed", "embedding"),
    *("projections", "tokenizer", "dim", "heads", "layers", "contribution", "reduced"),
)


def difference_title(names: tuple[str, str], before: AttentionMap, after: AttentionMap) -> str:
    """Both names, with the settings that differ: "b.json (temperature 0.7) − a.json"."""
    settings = [str(amap.meta.get("composed", "")) for amap in (before, after)]
    if len({*names}) == 1 and settings[0] == settings[1]:
        settings = distinguish(before, after)
    is_named = settings[0] != settings[1]
    first, second = (
        f"{name} ({setting})" if is_named and setting else name
        for name, setting in zip(names, settings, strict=True)
    )
    return f"{second} − {first}"


def distinguish(before: AttentionMap, after: AttentionMap) -> list[str]:
    """What distinguishes two maps of one name: their texts, else the first fact that differs.

    >>> import attnviz
    >>> distinguish(*(attnviz.look("a b", seed=seed) for seed in (0, 1)))
    ['seed 0', 'seed 1']
    """
    if before.text != after.text:
        return [str(amap.text or "") for amap in (before, after)]
    for name in DISTINCTIVE:
        values = [amap.meta.get(name) for amap in (before, after)]
        if values[0] != values[1]:
            return ["" if value is None else f"{name} {value}" for value in values]
    return ["", ""]
