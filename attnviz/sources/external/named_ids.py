"""Token ids, segments and the number of sequences among named values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, IntArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.attention_mask import MASK_NAMES
from attnviz.sources.external.metadata import MAX_INDEX, MAX_SEGMENT
from attnviz.sources.external.named_tokens import NAMES, read_strings
from attnviz.sources.external.to_numpy import to_numpy

INPUT_IDS = "input_ids"
SEGMENTS = ("token_type_ids", "segment_ids")
OF_SEQUENCES = (INPUT_IDS, *SEGMENTS, *sorted(MASK_NAMES))
N_AXES = 2  # sequence, token


def find_input_ids(named: Mapping[str, Any]) -> IntArray | None:
    """The token ids, if there are any.    -> [batch, token] or [token]"""
    return None if named.get(INPUT_IDS) is None else read_numbers(named, INPUT_IDS, MAX_INDEX)


def find_segments(named: Mapping[str, Any]) -> IntArray | None:
    """The segment of each token, if there are any.    -> [batch, token] or [token]"""
    name = next((name for name in SEGMENTS if named.get(name) is not None), None)
    return None if name is None else read_numbers(named, name, MAX_SEGMENT)


def read_numbers(named: Mapping[str, Any], name: str, limit: int) -> IntArray:
    """Whole numbers below a limit, by name.    -> [batch, token] or [token]"""
    numbers = np.asarray(to_numpy(named[name], name))
    is_valid = numbers.ndim in (1, N_AXES) and (numbers == np.floor(numbers)).all()
    if not is_valid or not is_below(numbers, limit).all():
        raise InvalidInputError(
            f"{name} of shape {numbers.shape} should be integers [batch, token], from 0 to "
            f"{limit - 1:,}"
        )
    return numbers.astype(np.int64)


def is_below(numbers: Any, limit: int) -> BoolArray:
    """Whether numbers are from 0 to below a limit.    [...] -> [...]"""
    return np.asarray((numbers >= 0) & (numbers < limit))


def count_sequences(named: Mapping[str, Any], n_key: int) -> int | None:
    """The number of sequences of the batch, if values beside the attention agree on it.

    These are arrays of `n_key` numbers per sequence, and lists of strings per sequence. A square
    mask may be one of pairs.
    """
    present = (name for name in OF_SEQUENCES if named.get(name) is not None)
    shapes = {shape for name in present if (shape := outline(named[name]))}
    found = {
        n
        for n, *rest in shapes
        if rest == [n_key] and (n != n_key or named.get(INPUT_IDS) is not None)
    }
    for name in NAMES:
        values = read_strings(named.get(name), name)
        if values and not isinstance(values, str) and not isinstance(values[0], str):
            found.add(len(values))
    return found.pop() if len(found) == 1 else None


def outline(value: Any) -> tuple[int, ...]:
    """The shape of an array, or of nested lists by their first elements."""
    shape: list[int] = []
    while isinstance(value, list | tuple):
        shape.append(len(value))
        value = value[0] if value else None
    return (*shape, *getattr(value, "shape", ()))
