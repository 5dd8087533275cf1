"""Norms: how the position of a weight on a color scale grows with the weight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.record import Record

MAX_RATIO = 1e3  # of the two ends of a logarithmic scale, without a requested limit


class Norm(Record, eq=False):
    """A row of the table of norms.

    `position` maps the share of a weight between the ends of its scale (0 to 1) to its position
    between their colors, `share` back; `ratio` is the quotient of the ends, high / low. `label`
    is what a scale with this norm states.
    """

    name: str
    summary: str
    position: Callable[[FloatArray, float], FloatArray]
    share: Callable[[FloatArray, float], FloatArray]
    label: str = ""
    is_signed: bool = True  # has positions for weights below zero


def log_position(share: FloatArray, ratio: float) -> FloatArray:
    """log(weight / low) / log(high / low), with weight = low + share · (high − low).

    Shapes: [...] -> [...]
    """
    return np.asarray(np.log1p(share * (ratio - 1.0)) / np.log(ratio))


def log_share(position: FloatArray, ratio: float) -> FloatArray:
    """The inverse of `log_position`.    [...] -> [...]"""
    return np.asarray(np.expm1(position * np.log(ratio)) / (ratio - 1.0))


NORMS = (
    Norm(
        "linear",
        "positions are proportional to weights",
        position=lambda share, ratio: share,
        share=lambda position, ratio: position,
    ),
    Norm(
        "sqrt",
        "positions are proportional to square roots: small weights differ more",
        position=lambda share, ratio: np.sqrt(share),
        share=lambda position, ratio: np.square(position),
        label="square root",
    ),
    Norm(
        "log",
        "equal distances are equal ratios; for weights that are not negative",
        position=log_position,
        share=log_share,
        label="log",
        is_signed=False,
    ),
)


def find_norm(name: str) -> Norm:
    """The norm of this name; UnknownNameError suggests similar names."""
    return find_by_name(NORMS, name, "norm")


def low_end(
    norm: Norm, weights: FloatArray, high: float, vmin: float | None, is_centered: bool
) -> float:
    """The weight at which a logarithmic scale begins.    weights [...]

    Raises MisuseError for weights or limits that have no logarithm.
    """
    if is_centered:
        raise MisuseError(
            f"--norm {norm.name} is for weights that are not negative, on a sequential palette; "
            "use --norm sqrt"
        )
    if vmin is not None and vmin <= 0:
        raise MisuseError(f"--vmin {vmin:g} must be above 0 with --norm {norm.name}")
    if vmin is not None:
        return vmin
    smallest = float(np.min(weights, where=weights > 0, initial=high))
    return max(smallest if smallest < high else 0.0, high / MAX_RATIO)
