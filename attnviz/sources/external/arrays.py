"""Arrays of any library, and the shapes in which models hand their attention out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.axes import letters_of, letters_of_layer, ordered
from attnviz.sources.external.selection import EAGER, Wish
from attnviz.sources.external.to_numpy import is_array, numeric


def from_arrays(source: Any, wish: Wish) -> Found:
    """Attention of arrays: one, one for each layer, one for each step, or named ones.

    Raises InvalidInputError for what is no attention, with the reason.
    """
    if is_array(source):
        return whole(numeric(source), wish.axes)
    if not isinstance(source, list | tuple):
        from attnviz.sources.external.named_arrays import names_in

        return from_names(names_in(source), wish)
    inner = [part for part in source if isinstance(part, list | tuple)]
    if any(not parts or any(part is None for part in parts) for parts in (source, *inner)):
        raise InvalidInputError(f"there is no attention in these outputs; {EAGER}")
    if is_array(source[0]):
        return layered(source, wish.axes)
    if len(inner) == len(source) and is_array(inner[0][0]) and len(inner[0][0].shape) > 2:
        from attnviz.sources.external.generation_steps import from_steps

        return from_steps([[numeric(layer) for layer in step] for step in source])
    return whole(numeric(source), wish.axes)


def from_names(named: Mapping[str, Any], wish: Wish) -> Found:
    """Attention of named arrays: a model's outputs, a cache, the members of npz or safetensors.

    Raises InvalidInputError where nothing is called attention.
    """
    from attnviz.sources.external.named_arrays import find_attention

    attention = find_attention(named, wish)
    found = from_arrays(attention.arrays, wish)
    return replace(
        found,
        layers=attention.layers,
        queries=attention.queries,
        keys=attention.keys,
        ids=attention.ids,
        guessed=(*attention.guessed, *found.guessed),
    )


def whole(array: FloatArray, axes: str | None) -> Found:
    """One array for everything."""
    letters, guessed = letters_of(array.shape, axes)
    return Found(weights=array, axes=letters, guessed=guessed)


def layered(source: Sequence[Any], axes: str | None) -> Found:
    """One array for each layer.    each [batch, head, query, key] -> [layer, ...]"""
    layers = [numeric(layer, f"layer {number}") for number, layer in enumerate(source)]
    for number, layer in enumerate(layers):
        if layer.shape != layers[0].shape:
            raise InvalidInputError(
                f"layer {number} has the shape {layer.shape}, layer 0 {layers[0].shape}: layers "
                "that differ cannot be shown as one map; give those that are alike"
            )
    letters = letters_of_layer(layers[0].shape, axes)
    return Found(weights=np.concatenate([ordered(each, letters) for each in layers]), axes="lbhqk")
