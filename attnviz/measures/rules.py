"""Validation rules for attention weights: row sums, masking, padding, swapped axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measures.row_mass import row_sum_tolerance
from attnviz.record import Record


class Requirements(Record, kw_only=True):
    """What weights are required to be.

    `row_sum` is "1", "at most 1" or "any"; `signed`: weights may be negative; `causal`: no
    weight on future positions; `window`: |query − key| < window; `mask`: no weight on pairs that
    a mask expression excludes; `tolerance`: how far row sums may be from 1, None: by the
    precision of the weights.
    """

    row_sum: str = "1"
    signed: bool = False
    causal: bool = False
    window: int | None = None
    mask: str | None = None
    tolerance: float | None = None

    @classmethod
    def from_map(cls, amap: AttentionMap) -> Requirements:
        """The requirements that a map's own metadata states."""
        return cls(row_sum=amap.row_sum, signed=bool(amap.meta.get("signed", False)))


class CheckedWeights(Record, eq=False):
    """Finite weights, and the requirements to check them against.

    Shapes: weights [layer, head, query, key], visible and allowed (by the required mask)
    broadcast to the same, padding [key]
    """

    weights: FloatArray
    visible: BoolArray
    allowed: BoolArray
    padding: BoolArray
    expect: Requirements

    @property
    def tolerance(self) -> float:
        """How far row sums may be from 1."""
        tolerance = self.expect.tolerance
        return row_sum_tolerance(self.weights) if tolerance is None else tolerance

    @property
    def offsets(self) -> FloatArray:
        """Key position − query position; queries are the last positions.    -> [query, key]"""
        n_query, n_key = self.weights.shape[2:]
        return np.arange(float(n_key)) - (np.arange(n_query) + n_key - n_query)[:, None]

    @property
    def forbidden(self) -> Iterator[tuple[str, BoolArray]]:
        """Pairs without weight, by the kind of key.    -> each broadcasts to [..., key]"""
        yield "a masked key", ~self.visible
        yield "padding", self.padding
        if self.expect.causal:
            yield "a future position", self.offsets > 0
        window = self.expect.window
        if window is not None:
            yield f"a key outside the window of {window}", np.abs(self.offsets) >= window
        if self.expect.mask is not None:
            yield f"a key that {self.expect.mask} excludes", ~self.allowed


class Breach(NamedTuple):
    """How badly a rule is broken: `badness` is 0 where it is not.

    Shapes: badness and value [layer, head], [layer, head, query] or [layer, head, query, key]

    `describe` writes a value and the labels of its query and key, if it has them, as a sentence:
    an f-string, because labels and requirements may come from a file.
    """

    badness: FloatArray
    value: FloatArray
    describe: Callable[..., str]


def check_finite(weights: FloatArray) -> Breach:
    """Weights are finite.    [layer, head, query, key]"""
    not_finite = np.logical_not(np.isfinite(weights)).astype(np.float64)
    return Breach(not_finite, weights, lambda v, q, k: f"query {q} → key {k}: weight is {v}")


Rule: TypeAlias = Callable[[CheckedWeights], Iterator[Breach]]


def check_negative(checked: CheckedWeights) -> Iterator[Breach]:
    """Weights are not negative, unless signed.    [layer, head, query, key]"""
    if not checked.expect.signed:
        yield Breach(
            np.maximum(-checked.weights, 0.0),
            checked.weights,
            lambda v, q, k: f"query {q} → key {k}: negative weight {v:.6g}",
        )


def check_row_sums(checked: CheckedWeights) -> Iterator[Breach]:
    """Rows with a visible key sum to 1, or to at most 1.    [layer, head, query]"""
    if checked.expect.row_sum == "any":
        return
    sums = checked.weights.sum(-1)
    error = sums - 1.0 if checked.expect.row_sum == "at most 1" else np.abs(sums - 1.0)
    has_key = np.broadcast_to(checked.visible & checked.allowed, checked.weights.shape).any(-1)
    row_sum = checked.expect.row_sum
    yield Breach(
        np.where(has_key & (error > checked.tolerance), error, 0.0),
        sums,
        lambda v, q: f"query {q}: row sum {v:.6g}, should be {row_sum}",
    )


def check_forbidden(checked: CheckedWeights) -> Iterator[Breach]:
    """No weight on masked, padding, future or far keys.    [layer, head, query, key]"""
    for kind, cells in checked.forbidden:
        yield Breach(
            np.abs(checked.weights) * cells,
            checked.weights,
            lambda v, q, k, kind=kind: f"query {q} → key {k}: weight {v:.6g} on {kind}",
        )


def check_filled(checked: CheckedWeights) -> Iterator[Breach]:
    """No row is uniform over visible and forbidden keys alike.    [layer, head, query]

    A fully masked row becomes so if masking adds a large negative number instead of −∞.
    """
    highest, lowest = checked.weights.max(-1), checked.weights.min(-1)
    uniform = (highest - lowest <= checked.tolerance * highest) & (lowest > 0)
    shape = checked.weights.shape
    has_forbidden = [np.broadcast_to(cells, shape).any(-1) for _, cells in checked.forbidden]
    yield Breach(
        np.where(uniform & np.any(has_forbidden, axis=0), highest, 0.0),
        highest,
        lambda v, q: (
            f"query {q}: weight {v:.6g} on every key, including masked keys: fully masked row?"
        ),
    )


def check_transposed(checked: CheckedWeights) -> Iterator[Breach]:
    """Columns that sum to 1 while rows do not mean swapped axes.    [layer, head]"""
    if checked.expect.row_sum != "1":
        return
    by_column, by_row = (np.abs(checked.weights.sum(axis) - 1.0).max(-1) for axis in (-2, -1))
    transposed = (by_column <= checked.tolerance) & (by_row > checked.tolerance)
    yield Breach(
        np.where(transposed, by_row, 0.0),
        by_row,
        lambda v: f"columns sum to 1, rows are off by up to {v:.6g}: query and key axes swapped?",
    )


RULES: tuple[tuple[str, Rule], ...] = (
    ("negative", check_negative),
    ("row sum", check_row_sums),
    ("forbidden", check_forbidden),
    ("filled", check_filled),
    ("transposed", check_transposed),
)
