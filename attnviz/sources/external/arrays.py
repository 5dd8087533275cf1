"""Attention in arrays of any library, in the shapes in which models return it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import InvalidInputError
from attnviz.sources.external.axes import check_key_axis, infer_axes
from attnviz.sources.external.block_layout import find_blocks
from attnviz.sources.external.metadata import record_id
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import EAGER, Selection
from attnviz.sources.external.to_numpy import float_bytes, is_array, to_numpy, unmasked
from attnviz.sources.external.vector import from_vector
from attnviz.sources.safe_read import check_budget


def from_arrays(
    source: Any,
    selection: Selection,
    *,
    budget: int | None = None,
    n_sequence: int | None = None,
) -> RawAttention:
    """Attention from one array, one per layer, one per generation step, or named arrays.

    `budget`: the bytes that the arrays may take beside their own; None: no limit.
    `n_sequence`: the number of sequences of the batch; None: unknown.
    Raises InvalidInputError, with the reason, for anything that is not attention.
    """
    if is_frame(source):
        from attnviz.sources.external.frames import from_frame

        return from_frame(source, selection)
    if is_array(source):
        check_arrays([source], budget, is_copied=False)
        raw = from_one_array(to_numpy(source), selection.axes, n_sequence)
        valid = unmasked([source])
        return raw if valid is None else replace(raw, visible=valid[0])
    if not isinstance(source, list | tuple):
        from attnviz.sources.external.named_arrays import named_values

        return from_names(named_values(source), selection, budget=budget)
    inner = [part for part in source if isinstance(part, list | tuple)]
    if any(not parts or any(part is None for part in parts) for parts in (source, *inner)):
        raise InvalidInputError(f"these outputs hold no attention; {EAGER}")
    if (layers := layers_in_outputs(source)) is not None:
        return from_arrays(layers, selection, budget=budget, n_sequence=n_sequence)
    if is_array(source[0]):
        check_arrays(source, budget)
        raw = from_layers(source, selection.axes, n_sequence)
        valid = unmasked(source)
        return raw if valid is None else replace(raw, visible=np.stack(valid))
    if len(inner) == len(source) and is_array(inner[0][0]) and len(inner[0][0].shape) > 2:
        from attnviz.sources.external.generation_steps import join_steps

        parts = [layer for step in source for layer in step]
        check_arrays(parts, budget)
        if unmasked(parts) is not None:
            raise InvalidInputError("masked arrays of generation steps are not read; fill them")
        steps = [[to_numpy(layer) for layer in step] for step in source]
        return join_steps(steps, budget=budget)
    return from_one_array(to_numpy(source), selection.axes, n_sequence)


def layers_in_outputs(source: Sequence[Any]) -> Sequence[Any] | None:
    """The attention in a model's outputs without names (`return_dict=False`), beside arrays.

    It is the only item with an array [batch, head, query, key] per layer; None where there is
    none. Raises InvalidInputError for several, as of an encoder-decoder.
    """
    inner = [part for part in source if isinstance(part, list | tuple)]
    if len(inner) == len(source):
        return None
    found = [part for part in inner if all(is_array(a) and len(a.shape) == 4 for a in part)]
    if len(found) > 1:
        raise InvalidInputError(
            f"{len(found)} items of these outputs could be the attention; pass one of them, or "
            "call the model with return_dict=True"
        )
    return found[0] if found else None


def is_frame(source: Any) -> bool:
    """Whether an object is a table or an array with labels: DataFrame, Series, DataArray."""
    is_table = hasattr(source, "columns") or hasattr(source, "index")
    return (hasattr(source, "to_numpy") and is_table and not isinstance(source, list)) or (
        hasattr(source, "dims") and hasattr(source, "coords")
    )


def check_arrays(arrays: Sequence[Any], budget: int | None, *, is_copied: bool = True) -> None:
    """Refuse arrays that would take more than `budget` bytes as floats, before any is read."""
    # Others are tuples of arrays, which are refused later, or read by their own library first.
    sized = [a for a in arrays if isinstance(getattr(a, "shape", None), tuple)]
    if sized and budget is not None:
        n_byte = sum(
            float_bytes(a.shape, getattr(a, "dtype", None), is_copied=is_copied) for a in sized
        )
        check_budget(n_byte, f"{describe_shapes(sized)}, as floats,", budget)


def describe_shapes(arrays: Sequence[Any]) -> str:
    """The number of arrays, and the shape of the first."""
    number = "an array" if len(arrays) == 1 else f"{len(arrays):,} arrays"
    return f"{number} of shape {arrays[0].shape!s:.60}"


def from_names(
    named: Mapping[str, Any], selection: Selection, *, budget: int | None = None
) -> RawAttention:
    """Attention from named arrays: a model's outputs, a cache, the members of npz or safetensors.

    Raises InvalidInputError if no name stands for attention.
    """
    from attnviz.sources.external.named_arrays import find_attention

    blocks = find_blocks(named)
    attention = find_attention(named if blocks is None else blocks.named, selection)
    stored = attention.stored
    if blocks is None:
        raw = from_arrays(stored.arrays, selection, budget=budget, n_sequence=attention.n_sequence)
    else:
        raw = RawAttention(weights=blocks.weights, axes="bhqk", visible=blocks.visible)
    id = record_id(named)
    meta: MapMetadata = {} if id is None else {"id": id}
    if stored.modules:
        meta["modules"] = list(stored.modules)
    return replace(
        raw,
        layers=stored.layers,
        heads=stored.heads,
        meta=meta,
        is_cross=attention.is_cross,
        queries=attention.queries or raw.queries,
        keys=attention.keys or raw.keys,
        ids=attention.ids,
        segments=attention.segments,
        masks=attention.masks,
        band=attention.band,
        key_times=attention.key_times,
        guesses=(*attention.guesses, *raw.guesses),
    )


def from_one_array(array: FloatArray, axes: str | None, n_sequence: int | None) -> RawAttention:
    """Attention from one array with all layers and heads."""
    if array.ndim == 1 and axes is None:
        return from_vector(array)
    letters, guesses = infer_axes(array.shape, axes, n_sequence)
    if axes is None:
        check_key_axis(array, letters)
    return RawAttention(weights=array, axes=letters, guesses=guesses, has_order=False)


def from_layers(
    source: Sequence[Any], axes: str | None, n_sequence: int | None = None
) -> RawAttention:
    """Attention from one array per layer.    each [batch, head, query, key] -> [layer, ...]"""
    layers = [to_numpy(layer, f"layer {number}") for number, layer in enumerate(source)]
    for number, layer in enumerate(layers):
        if layer.shape != layers[0].shape:
            raise InvalidInputError(
                f"layer {number} has shape {layer.shape}, layer 0 {layers[0].shape}; all layers "
                "of a map need the same shape: pass a subset of them"
            )
    of_layer = None if axes is None else f"l{axes.removeprefix('l')}"
    shape = (len(layers), *layers[0].shape)
    letters, guesses = infer_axes(shape, of_layer, n_sequence, of_layers=True)
    if axes is None:
        for layer in layers:
            check_key_axis(layer, letters[1:])
    return RawAttention(weights=np.stack(layers), axes=letters, guesses=guesses, has_order=False)
