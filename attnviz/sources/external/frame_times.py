"""Times of the keys, where these are frames of audio or video: Whisper has one per 20 ms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.argument_types import abbreviate
from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.to_numpy import to_numpy

NAMES = ("key_times", "frame_times", "seconds_per_frame", "time_precision")
MIN_SECONDS, MAX_SECONDS = 1e-6, 1e6
MAX_DECIMALS, FINEST = 3, 6  # of times that differ by the first, and of others


def find_times(named: Mapping[str, Any]) -> FloatArray | None:
    """The seconds of each key, or between two keys, among named values.    -> [key] or []

    Raises InvalidInputError for values that are no times.
    """
    name = next((name for name in NAMES if named.get(name) is not None), None)
    if name is None:
        return None
    value = named[name]
    is_listed = isinstance(value, list | tuple)
    times = np.asarray(to_numpy(value if is_listed else np.asarray(value), name), np.float64)
    is_valid = times.ndim <= 1 and np.isfinite(times).all() and (abs(times) <= MAX_SECONDS).all()
    if not is_valid or (times.ndim == 0 and times < MIN_SECONDS):
        raise InvalidInputError(
            f"{name} of shape {times.shape} should be the seconds between two keys, or of each key"
        )
    return times


def check_seconds(seconds: float | None) -> float | None:
    """The seconds between two keys; MisuseError for a number that cannot be that."""
    if seconds is not None and not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise MisuseError(
            f"--key-times {abbreviate(seconds)} should be the seconds between two keys, from "
            f"{MIN_SECONDS:g} to {MAX_SECONDS:g}, such as 0.02"
        )
    return seconds


def time_tokens(times: FloatArray | float, n: int) -> Tokens:
    """A token per key, labelled with its time.    [key] or [] -> [key]

    Raises InvalidInputError for another number of times than keys.

    >>> [token.label for token in time_tokens(0.02, 3)]
    ['0.00s', '0.02s', '0.04s']
    """
    values = np.atleast_1d(np.asarray(times, np.float64))
    if np.ndim(times) == 0:
        values = np.arange(n) * values
    digits = count_decimals(values)
    if len(values) != n:
        raise InvalidInputError(f"{len(values)} times for {n} keys; give one per key")
    return tuple(Token.of(f"{value:.{digits}f}s") for value in values)


def count_decimals(values: FloatArray) -> int:
    """The decimals of times: those that they have, or that they differ by.    [...] -> a number"""
    n_time = len(np.unique(np.round(values, FINEST)))
    for digits in range(FINEST):
        rounded = np.round(values, digits)
        is_enough = digits == MAX_DECIMALS and len(np.unique(rounded)) == n_time
        if is_enough or np.allclose(values, rounded, rtol=0, atol=1e-9):
            return digits
    return FINEST
