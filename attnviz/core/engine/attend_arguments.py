"""Arguments of attend: conversion to arrays, and checks of their types and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

import numpy as np

from attnviz.argument_types import abbreviate
from attnviz.core.arrays import SHORT_FLOATS, BoolArray, FloatArray, Shape, as_floats
from attnviz.core.grid import broadcasts_to
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, NumbersError, ShapeError
from attnviz.lookup import unknown_name_message

QUERY_SHAPE, KEY_SHAPE, VALUE_SHAPE = (
    "[..., head, query, d]",
    "[..., kv_head, key, d]",
    "[..., kv_head, key, d_value]",
)
QUOTED = 120  # characters of another library's error message that are quoted


def to_array(name: str, source: Any) -> np.ndarray[Any, Any]:
    """An argument as an array.    [...] -> [...]

    Raises ShapeError for a ragged list, MisuseError for what is no array, or has masked entries.
    """
    try:
        array = np.asarray(source)
    except MemoryError:
        raise
    except ValueError as error:
        raise ShapeError(f"{name} is not an array: {short_message(error)}") from None
    except Exception as error:  # arrays of other libraries may raise anything
        raise MisuseError(f"{name} is not an array: {short_message(error)}") from None
    if np.ma.isMaskedArray(source) and np.ma.is_masked(source):
        raise MisuseError(
            f"{name} is a masked array, whose mask would be ignored; pass the numbers "
            "themselves, and mask= to attend"
        )
    return array


def to_floats(name: str, source: Any) -> FloatArray:
    """An argument as native float32 or float64.    [...] -> [...]

    Raises MisuseError for a type other than integers and real floats.
    """
    array = to_array(name, source)
    kind = array.dtype
    if kind in (np.float32, np.float64):
        return array
    if kind.kind not in "iuf" and not kind.name.startswith(SHORT_FLOATS):
        hint = "; a boolean mask goes to mask=" if name == "bias" and kind == np.bool_ else ""
        raise MisuseError(
            f"{name} {array.shape} has type {kind}; it should be integers or real floats{hint}"
        )
    with np.errstate(over="ignore"):  # a long double may exceed float64: it is infinite there
        return as_floats(array)


def to_mask(source: Any) -> BoolArray:
    """A mask as an array of bool.    [...] -> [...]

    Raises ShapeError for numbers, which could be an additive mask.
    """
    array = to_array("mask", source)
    if array.dtype != np.bool_:
        raise ShapeError(
            f"mask has type {array.dtype}; it should be bool, True = the query attends to the "
            "key, or a Mask. An additive mask goes to bias="
        )
    return array


def check_shapes(query: FloatArray, key: FloatArray, value: FloatArray | None) -> Shape:
    """Check that query, key and value match; returns the shape of the batch, () for none.

    Raises ShapeError with the shapes that do not match and those that do.
    """
    is_flat = query.ndim == key.ndim == 2
    if not is_flat and (query.ndim < 3 or key.ndim < 3):
        raise ShapeError(
            f"query {query.shape} and key {key.shape} should be {QUERY_SHAPE} and {KEY_SHAPE}, "
            "or both [token, d]"
        )
    for name, array in (("query", query), ("key", key), ("value", value)):
        if array is not None and 0 in array.shape:
            raise ShapeError(f"{name} {array.shape} is empty; every axis should be at least 1")
    if query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            f"query {query.shape} and key {key.shape} should be {QUERY_SHAPE} and {KEY_SHAPE}, "
            "with the same d"
        )
    if value is not None and (value.ndim == 2) != is_flat:
        raise ShapeError(
            f"value {value.shape} should have the axes of key {key.shape}: "
            f"{'[key, d_value]' if is_flat else VALUE_SHAPE}"
        )
    if value is not None and value.shape[-3:-1] != key.shape[-3:-1]:
        raise ShapeError(f"value {value.shape} should begin like key {key.shape}: {VALUE_SHAPE}")
    arrays = {"query": query, "key": key} | ({} if value is None else {"value": value})
    try:
        return np.broadcast_shapes(*(array.shape[:-3] for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ShapeError(
            f"the batch axes of {shapes} do not broadcast; they stand before [head, token, d]"
        ) from None


def check_broadcast(name: str, array: Any, weights: Shape) -> None:
    """Check that mask or bias broadcasts to the weights; otherwise raise ShapeError."""
    if not broadcasts_to(array.shape, weights):
        axes = "[query, key]" if len(weights) == 2 else "[..., head, query, key]"
        raise ShapeError(
            f"{name} {array.shape} does not broadcast to the weights {axes} {weights}: "
            f"each axis, from the last, should be 1 or that of the weights"
        )


def to_params(
    learned: Mapping[str, Any] | None, shapes: Mapping[str, Shape], n_head: int, mechanism: str
) -> dict[str, FloatArray]:
    """Learned parameters by name, each [head, ...].

    A parameter of a single head, with or without an axis for it, is shared by all heads.
    Raises MisuseError for a name that the mechanism does not have, ShapeError for another shape,
    NumbersError for NaN and infinity.
    """
    if learned is None:
        return {}
    if not isinstance(learned, Mapping):
        raise MisuseError(
            f"learned is of type {type(learned).__name__}; it should map names to arrays"
        )
    params = {}
    for name, source in learned.items():
        if name not in shapes:
            if not shapes:
                raise MisuseError(
                    f"variant {mechanism!r} has no learned parameters; {name!r} is none of them"
                )
            what = f"learned parameter of variant {mechanism!r}:"
            raise MisuseError(unknown_name_message(str(name), shapes, what))
        params[name] = to_param(name, source, shapes[name], n_head)
    return params


def to_param(name: str, source: Any, shape: Shape, n_head: int) -> FloatArray:
    """One learned parameter.    [head, ...], [1, ...] or [...] -> [head, ...]"""
    array = to_floats(f"learned[{name!r}]", source)
    allowed = [(n_head, *shape), (1, *shape), shape]
    if array.shape not in allowed:
        shapes = " or ".join(dict.fromkeys(str(each) for each in allowed))
        raise ShapeError(f"learned[{name!r}] {array.shape} should be {shapes}, [head, ...]")
    if not np.isfinite(array).all():
        raise NumbersError(f"learned[{name!r}] holds NaN or infinity")
    return np.broadcast_to(array, (n_head, *shape))


def check_heads(
    variant: Variant, n_head: int, n_kv_head: int, tunables: Mapping[str, Any]
) -> None:
    """Check that the arrays have the numbers of heads that the mechanism needs.

    The arrays decide how many heads there are; `heads` and `kv_heads` may only confirm it.
    Raises MisuseError otherwise.
    """
    heads = variant.heads
    for name, wanted, argument, n in (
        ("heads", heads.n_query_head, "query", n_head),
        ("kv_heads", heads.n_kv_head, "key", n_kv_head),
    ):
        if name in tunables and wanted != n:
            raise MisuseError(
                f"{name}={tunables[name]} of variant {variant.name!r} needs {argument} with "
                f"{wanted} heads, and it has {n}; the arrays decide, leave {name}= out"
            )


def check_score_arguments(variant: Variant, arguments: Mapping[str, Any]) -> None:
    """Check that a mechanism without scores has no arguments for them; else MisuseError."""
    names = [name for name, argument in arguments.items() if argument is not None]
    if variant.mixer is not None and names:
        raise MisuseError(
            f"variant {variant.name!r} computes its weights without scores; {names[0]}= does "
            "not apply to it"
        )


def to_seed(seed: Any) -> int:
    """A seed as an int; MisuseError for anything but a whole number."""
    try:
        return index(seed)
    except TypeError:
        raise MisuseError(f"seed={abbreviate(seed)} should be a whole number") from None


def short_message(error: Exception) -> str:
    """The message of an error as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= QUOTED else text[:QUOTED] + "…"
