"""Once per map: what several measures of a map need is computed for the first of them only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from attnviz.core.attention_map import AttentionMap

Result = TypeVar("Result")
MapFunction = Callable[[AttentionMap], Result]

# The map that a map is a block of: both have the same tokens.
_wholes: WeakKeyDictionary[AttentionMap, AttentionMap] = WeakKeyDictionary()


def once_per_map(function: MapFunction[Result]) -> MapFunction[Result]:
    """A function of a map whose result is kept as long as the map exists.

    Maps do not change, and compare by identity. Arrays are shared by all callers, and therefore
    not to be written to.
    """
    return keep_results(function, lambda amap: amap)


def once_per_text(function: MapFunction[Result]) -> MapFunction[Result]:
    """The same for a function of the tokens of a map: blocks of a map have its result."""
    return keep_results(function, lambda amap: _wholes.get(amap, amap))


def keep_results(
    function: MapFunction[Result], owner_of: Callable[[AttentionMap], AttentionMap]
) -> MapFunction[Result]:
    """A function whose results are kept as long as their owner exists."""
    results: WeakKeyDictionary[AttentionMap, Any] = WeakKeyDictionary()

    @wraps(function)
    def find_result(amap: AttentionMap) -> Result:
        owner = owner_of(amap)
        if owner not in results:
            result = function(amap)
            if isinstance(result, np.ndarray):
                result.setflags(write=False)
            results[owner] = result
        kept: Result = results[owner]
        return kept

    return find_result


def take_block(amap: AttentionMap, layers: slice, heads: slice) -> AttentionMap:
    """Some layers and heads of a map, by their indices, as a block of it."""
    block = amap.select(layers=amap.layers[layers], heads=amap.heads[heads])
    _wholes[block] = amap
    return block


def share_text(block: AttentionMap, other: AttentionMap) -> AttentionMap:
    """The other map, with the same tokens, as a block of the map that the first is one of."""
    _wholes[other] = _wholes[block]
    return other
