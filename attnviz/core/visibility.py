"""Visibility: which pairs of query and key a mask leaves, and what a mixer demands of it."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.part import Inputs
from attnviz.errors import MisuseError


def pairs(inputs: Inputs, visible: BoolArray) -> BoolArray:
    """What may be looked at, pair by pair.    broadcasts to, and -> [head, query, key]"""
    shape = (inputs.query.shape[0], inputs.query.shape[1], inputs.key.shape[1])
    return np.broadcast_to(visible, shape)


def by_anyone(shown: BoolArray) -> BoolArray:
    """Keys that some query sees.    [head, query, key] -> [head, 1, key]"""
    seen: BoolArray = np.logical_or.reduce(shown, axis=1, keepdims=True)
    return seen


def shown_to_all(inputs: Inputs, visible: BoolArray, name: str) -> BoolArray:
    """Keys that a mixture of all keys may take in.    -> [head, key, 1]

    Raises MisuseError for a mask that hides a key from some queries only.
    """
    shown = pairs(inputs, visible)
    seen = by_anyone(shown)
    if (shown != seen).any():
        raise MisuseError(
            f"{name} mixes keys before queries look: a mask can hide a key from all queries "
            "(padding), not from some"
        )
    return seen.swapaxes(1, 2)


def remembered(inputs: Inputs, visible: BoolArray, name: str) -> BoolArray:
    """Keys that a recurrence takes in, one after the other.    -> [head, key, 1]

    Raises MisuseError for more queries than keys, and for a mask that hides a past key from
    some queries only.
    """
    one_sequence(inputs, name, fewer=True)
    shown = pairs(inputs, visible)
    past = inputs.grid.k <= inputs.grid.q
    seen = by_anyone(shown & past)
    if ((shown & past) != (seen & past)).any():
        raise MisuseError(
            f"{name} remembers every past key: a mask can hide a key from all queries "
            "(padding), not from some"
        )
    return seen.swapaxes(1, 2)


def one_sequence(inputs: Inputs, name: str, *, fewer: bool = False) -> None:
    """Refuse two sequences; `fewer` queries may be the last positions of the one."""
    n_query, n_key = inputs.grid.n_query, inputs.grid.n_key
    if n_query > n_key or (n_query < n_key and not fewer):
        raise MisuseError(
            f"{name} looks at one sequence: {n_query} queries do not go with {n_key} keys"
        )
