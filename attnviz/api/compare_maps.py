"""Comparison of maps that exist already: side by side, with their differences from the first."""

from __future__ import annotations

from collections.abc import Mapping
from warnings import warn

from attnviz.api.diff import align
from attnviz.api.join_maps import join_maps
from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.measures.difference import require_same_shape


def compare_maps(maps: Mapping[str, AttentionMap], *, differences: bool = True) -> AttentionMap:
    """Join maps by name as heads of one, and the difference of each from the first.

    Two maps of texts of different lengths keep the tokens that they share; several need equally
    many tokens.

    Shapes: each [layer, head, query, key] → [layer, head · (2 maps − 1), query, key]

    Args:
        maps: the maps by name, two or more, with the same layers and heads.
        differences: whether to add the difference of each map from the first.

    Returns:
        A map that holds, per original head, one head per map and one per difference, as
        `attnviz.compare` does.

    Raises:
        MisuseError: fewer than two maps, or maps that do not fit the first.

    >>> import attnviz
    >>> soft, hard = (attnviz.look("The cat sat", variant=name) for name in ("scaled-dot", "hard"))
    >>> [entry["name"] for entry in compare_maps({"A": soft, "B": hard}).meta["comparison"]]
    ['A', 'B', 'B − A']
    """
    require_given("maps", maps, Mapping)
    require_given("differences", differences, bool)
    for name, amap in maps.items():
        require_given("maps", name, str)
        require_given(f"maps[{name!r:.60}]", amap, AttentionMap)
    if len(maps) < 2:
        raise MisuseError("compare needs at least two maps")
    (first_name, first), *others = maps.items()
    alignment = None
    joined = {first_name: first}
    for name, other in others:
        before, after, notes = align(first, other)
        for note in notes:
            warn(f"{name}: {note}", AttnvizWarning, stacklevel=2)
        if len(others) > 1 and "dropped" in after.meta:
            raise MisuseError(
                f"{name!r:.80} has another number of tokens than {first_name!r:.80}; compare two "
                "maps at a time"
            )
        alignment = after.meta.get("alignment", alignment)
        joined[first_name] = joined[first_name] if len(others) > 1 else before
        joined[name] = after
        require_same_shape(before, after)
    return join_maps(joined, "", "each map", alignment, differences=differences)
