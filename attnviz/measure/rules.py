"""The rules that weights should keep: each says where it is broken, and how badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measure.row_mass import tolerance
from attnviz.record import Record


class Expect(Record, kw_only=True):
    """What weights say of themselves, and what else they should keep to.

    `row_sum` is "1", "at most 1" or "any"; `signed` weights may be negative. `causal`: nobody
    looks ahead. `window`: only keys closer than this, the query included. `tolerance`: how far
    a row may sum from 1; None takes it from the precision of the numbers.
    """

    row_sum: str = "1"
    signed: bool = False
    causal: bool = False
    window: int | None = None
    tolerance: float | None = None

    @classmethod
    def of(cls, amap: AttentionMap) -> Expect:
        """What a map says of itself."""
        return cls(row_sum=amap.row_sum, signed=bool(amap.meta.get("signed", False)))


class Suspect(Record):
    """Finite weights, and what they should keep to.

    Shapes: weights [layer, head, query, key], visible broadcasts to the same, padding [key]
    """

    weights: FloatArray
    visible: BoolArray
    padding: BoolArray
    expect: Expect

    @property
    def tolerance(self) -> float:
        """How far a row may sum from 1."""
        given = self.expect.tolerance
        return tolerance(self.weights) if given is None else given

    @property
    def ahead(self) -> FloatArray:
        """How far each key is ahead of each query; the queries come last.    -> [query, key]"""
        n_query, n_key = self.weights.shape[2:]
        return np.arange(float(n_key)) - (np.arange(n_query) + n_key - n_query)[:, None]

    @property
    def forbidden(self) -> Iterator[tuple[str, BoolArray]]:
        """Keys that may not be looked at, by the reason.    -> each broadcasts to [..., key]"""
        yield "is hidden", ~self.visible
        yield "is padding", self.padding
        if self.expect.causal:
            yield "comes later", self.ahead > 0
        window = self.expect.window
        if window is not None:
            yield f"is outside the window of {window}", np.abs(self.ahead) >= window


class Breach(NamedTuple):
    """Where a rule is broken: `badness` is 0 where it is kept.

    Shapes: badness and value [layer, head], [layer, head, query] or [layer, head, query, key]

    `words` have places {0}, {1} for positions and {value}.
    """

    badness: FloatArray
    value: FloatArray
    words: str


def not_finite(weights: FloatArray) -> Breach:
    """NaN and infinity are no weights.    [layer, head, query, key]"""
    lost = np.logical_not(np.isfinite(weights)).astype(np.float64)
    return Breach(lost, weights, "the weight of query {0}, key {1} is {value}")


Rule: TypeAlias = Callable[[Suspect], Iterator[Breach]]


def not_negative(suspect: Suspect) -> Iterator[Breach]:
    """Shares are not negative.    [layer, head, query, key]"""
    if not suspect.expect.signed:
        words = "query {0} gives key {1} the weight {value:.6g}, which is negative"
        yield Breach(np.maximum(-suspect.weights, 0.0), suspect.weights, words)


def rows_sum(suspect: Suspect) -> Iterator[Breach]:
    """A row that sees anything sums to 1, or to no more than 1.    [layer, head, query]"""
    if suspect.expect.row_sum == "any":
        return
    spent = suspect.weights.sum(-1)
    off = spent - 1.0 if suspect.expect.row_sum == "at most 1" else np.abs(spent - 1.0)
    sees = np.broadcast_to(suspect.visible, suspect.weights.shape).any(-1)
    words = "the row of query {0} sums to {value:.6g}; it should be " + suspect.expect.row_sum
    yield Breach(np.where(sees & (off > suspect.tolerance), off, 0.0), spent, words)


def forbidden_unseen(suspect: Suspect) -> Iterator[Breach]:
    """Nobody looks where nobody may.    [layer, head, query, key]"""
    for why, cells in suspect.forbidden:
        words = "query {0} looks at key {1}, which " + why + ", with weight {value:.6g}"
        yield Breach(np.abs(suspect.weights) * cells, suspect.weights, words)


def not_filled(suspect: Suspect) -> Iterator[Breach]:
    """A row is not the same over keys that it may and may not look at.    [layer, head, query]

    That is what a large negative number, instead of −∞, leaves of a row that sees nothing.
    """
    highest, lowest = suspect.weights.max(-1), suspect.weights.min(-1)
    even = (highest - lowest <= suspect.tolerance * highest) & (lowest > 0)
    shape = suspect.weights.shape
    refused = [np.broadcast_to(cells, shape).any(-1) for _, cells in suspect.forbidden]
    words = "query {0} gives every key {value:.6g}, hidden ones too: a row that sees nothing?"
    yield Breach(np.where(even & np.any(refused, axis=0), highest, 0.0), highest, words)


def not_transposed(suspect: Suspect) -> Iterator[Breach]:
    """Where columns sum to 1 and rows do not, the axes are the wrong way.    [layer, head]"""
    if suspect.expect.row_sum != "1":
        return
    by_column, by_row = (np.abs(suspect.weights.sum(axis) - 1.0).max(-1) for axis in (-2, -1))
    turned = (by_column <= suspect.tolerance) & (by_row > suspect.tolerance)
    words = "columns sum to 1 and rows do not, by up to {value:.6g}: query and key are swapped?"
    yield Breach(np.where(turned, by_row, 0.0), by_row, words)


RULES: tuple[tuple[str, Rule], ...] = (
    ("negative", not_negative),
    ("row sum", rows_sum),
    ("forbidden", forbidden_unseen),
    ("filled", not_filled),
    ("transposed", not_transposed),
)
