"""Arithmetic of maps: reductions of named axes, and the difference of two maps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from attnviz.api.diff import diff
from attnviz.api.reduce import reduce
from attnviz.argument_types import abbreviate
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError

AXES = ("head", "layer")  # in the order in which they are reduced


def reduce_dims(amap: AttentionMap, how: str, *dims: str | Sequence[str]) -> AttentionMap:
    """The mean, maximum or minimum over heads, layers or both, named one by one or as a list.

    The result does not depend on the order of the names: heads are reduced first.
    Shapes: [layer, head, query, key] -> 1 in place of each axis
    Raises MisuseError for no axis, for another one, and for one that is named twice.
    """
    names = [name for dim in dims for name in (dim if isinstance(dim, list | tuple) else (dim,))]
    if not names:
        raise MisuseError(f'{how} of which axis? {how}("head"), {how}("layer") or both')
    for name in names:
        if not isinstance(name, str) or name not in AXES:
            raise MisuseError(
                f'{how}({abbreviate(name)}): only "head" and "layer" are reduced to a map; '
                f"a.weights.{how}(…) reduces the array over any axis"
            )
        if names.count(name) > 1:
            raise MisuseError(f'{how}: "{name}" is named twice')
    return reduce(amap, *(f"{axis}s:{how}" for axis in AXES if axis in names))


def subtract(after: AttentionMap, before: AttentionMap) -> AttentionMap:
    """The change from `before` to `after`, with the metadata of `attnviz.diff`.

    Shapes: both [layer, head, query, key] -> the same
    """
    result = diff(before, after, (before.title, after.title))
    for note in result.notes:
        warnings.warn(note, AttnvizWarning, stacklevel=4)
    return result.amap
