"""Arithmetic of maps: reductions of named axes, and the difference of two maps."""

from __future__ import annotations

import warnings

from attnviz.api.diff import diff
from attnviz.api.reduce import reduce
from attnviz.argument_types import abbreviate
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError

AXES = ("layer", "head")


def reduce_dims(amap: AttentionMap, how: str, *dims: str) -> AttentionMap:
    """The mean, maximum or minimum over layers, heads, or one after the other.

    Shapes: [layer, head, query, key] -> 1 in place of each axis
    Raises MisuseError for no axis and for another one.
    """
    if not dims:
        raise MisuseError(f'{how} of which axis? {how}("head"), {how}("layer") or both')
    for dim in dims:
        if not isinstance(dim, str) or dim not in AXES:
            raise MisuseError(
                f'{how}({abbreviate(dim)}): only "head" and "layer" are reduced to a map; '
                f"a.weights.{how}(…) reduces the array over any axis"
            )
    return reduce(amap, *(f"{dim}s:{how}" for dim in dims))


def subtract(after: AttentionMap, before: AttentionMap) -> AttentionMap:
    """The change from `before` to `after`, with the metadata of `attnviz.diff`.

    Shapes: both [layer, head, query, key] -> the same
    """
    result = diff(before, after, (before.title, after.title))
    for note in result.notes:
        warnings.warn(note, AttnvizWarning, stacklevel=4)
    return result.amap
