"""Fields of a map: conversion and checks of what a map is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from attnviz.argument_types import abbreviate
from attnviz.core.arrays import BoolArray, FloatArray, Shape, as_floats, read_only
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError, ShapeError, UnknownParameterError


def as_tokens(name: str, values: Any) -> Tokens:
    """Tokens, and words as tokens of which only the text is known.

    Raises UnknownParameterError for a single text, and for entries of another type.

    >>> as_tokens("queries", ["The", "cat"])[1].label
    'cat'
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UnknownParameterError(f"{name}={abbreviate(values)} should be a list of tokens")
    if isinstance(values, tuple) and all(type(value) is Token for value in values):
        return values  # shared by maps of the same text
    tokens = tuple(Token.of(str(v)) if isinstance(v, str) else v for v in values)
    for position, token in enumerate(tokens):
        if not isinstance(token, Token):
            raise UnknownParameterError(
                f"{name}[{position}]={abbreviate(token)} should be a text or a Token"
            )
    return tokens


def as_weights(values: Any) -> FloatArray:
    """Weights as a read-only array of floats.    [...] -> [...]

    Raises UnknownParameterError for values that are no real numbers, InvalidInputError for NaN
    and infinity.
    """
    weights = np.asarray(values)
    if weights.dtype.kind not in "fiub":
        raise UnknownParameterError(f"weights of type {weights.dtype} should be numbers")
    weights = read_only(weights if weights.dtype.kind == "f" else as_floats(weights))
    if not np.isfinite((weights.min(initial=0.0), weights.max(initial=0.0))).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(weights))[0])
        raise InvalidInputError(
            f"weight [layer, head, query, key] = {list(where)} is {weights[where]}"
        )
    return weights


def as_mask(values: Any, shape: Shape) -> BoolArray:
    """A mask that broadcasts to the weights, with their four axes.    [...] -> [., ., ., .]

    Raises UnknownParameterError for numbers other than 0 and 1: those of an additive mask.
    """
    visible = np.asarray(values)
    if visible.dtype != np.bool_ and not np.isin(visible, (0, 1)).all():
        raise UnknownParameterError(
            f"visible of type {visible.dtype} should be bool, True = the query attends to the key"
        )
    try:
        is_fit = np.broadcast_shapes(visible.shape, shape) == shape
    except ValueError:
        is_fit = False
    if not is_fit:
        raise ShapeError(f"visible {visible.shape} does not fit weights {shape}")
    visible = visible.astype(bool, copy=False)
    if visible.ndim < 4:
        visible = visible.reshape((1,) * (4 - visible.ndim) + visible.shape)
    mask: BoolArray = read_only(visible)
    return mask


def fit_vectors(name: str, vectors: Any, shape: Shape, n_token: int) -> FloatArray | None:
    """Query or key vectors that fit the weights.    [layer, head, token, d] -> the same"""
    if vectors is None:
        return None
    vectors = np.asarray(vectors)
    if vectors.ndim != 4 or vectors.shape[:3] != (*shape[:2], n_token):
        raise ShapeError(f"{name} {vectors.shape} do not fit weights {shape}")
    result: FloatArray = read_only(vectors)
    return result


def check_texts(texts: Mapping[str, Any], names: Any) -> None:
    """Raise UnknownParameterError for texts and names of heads that are no texts."""
    for name, text in texts.items():
        if not isinstance(text, str | None):
            raise UnknownParameterError(f"{name}={abbreviate(text)} should be a text")
    if isinstance(names, str) or not isinstance(names, Collection):
        raise UnknownParameterError(f"names={abbreviate(names)} should be a list of texts")
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise UnknownParameterError(f"names[{number}]={abbreviate(name)} should be a text")
