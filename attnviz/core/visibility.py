"""Visibility: the pairs of query and key that a mask leaves, and what a mixer requires of them."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.inputs import Inputs
from attnviz.errors import MisuseError


def broadcast_visible(inputs: Inputs, visible: BoolArray) -> BoolArray:
    """The visible pairs of a layer.    broadcasts to, and -> [head, query, key]"""
    shape = (inputs.query.shape[0], inputs.query.shape[1], inputs.key.shape[1])
    return np.broadcast_to(visible, shape)


def visible_to_any(visible: BoolArray) -> BoolArray:
    """Keys that are visible to at least one query.    [head, query, key] -> [head, 1, key]"""
    keys: BoolArray = np.logical_or.reduce(visible, axis=1, keepdims=True)
    return keys


def require_same_for_all(inputs: Inputs, visible: BoolArray, name: str) -> BoolArray:
    """The visible keys, which have to be the same for all queries.    -> [head, key, 1]

    Raises MisuseError for a mask that hides a key from some queries only.
    """
    pairs = broadcast_visible(inputs, visible)
    keys = visible_to_any(pairs)
    if (pairs != keys).any():
        raise MisuseError(
            f"{name} mixes keys before queries attend to them: it supports padding masks only, "
            "which mask a key for every query"
        )
    return keys.swapaxes(1, 2)


def causal_history(inputs: Inputs, visible: BoolArray, name: str) -> BoolArray:
    """The keys that a recurrence reads, in their order.    -> [head, key, 1]

    Raises MisuseError for more queries than keys, and for a mask that hides a past key from
    some queries only.
    """
    require_self_attention(inputs, name, fewer=True)
    pairs = broadcast_visible(inputs, visible)
    past = inputs.grid.k <= inputs.grid.q
    keys = visible_to_any(pairs & past)
    if ((pairs & past) != (keys & past)).any():
        raise MisuseError(
            f"{name} keeps a state over all past keys: it supports padding masks only, which "
            "mask a key for every query"
        )
    return keys.swapaxes(1, 2)


def require_self_attention(inputs: Inputs, name: str, *, fewer: bool = False) -> None:
    """Check that queries and keys are one sequence.

    With `fewer`, the queries may be the last positions of the keys, as in decoding.
    Raises MisuseError for other lengths.
    """
    n_query, n_key = inputs.grid.n_query, inputs.grid.n_key
    if n_query > n_key or (n_query < n_key and not fewer):
        raise MisuseError(
            f"{name} is self-attention over one sequence: {n_query} queries do not match "
            f"{n_key} keys"
        )
