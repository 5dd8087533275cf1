"""Limits of the difference of two maps, and where it exceeds them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.difference import row_divergence
from attnviz.record import Record


class Limits(Record, kw_only=True):
    """What two maps may differ by; None: no limit.

    `max_js`: mean Jensen–Shannon divergence of the rows of a head, in bits; `max_row_js`: of a
    single row; `max_abs`: change of a single weight; `rtol`, `atol`: |B − A| ≤ atol + rtol·|A|
    for every weight, 0 where only the other is given.
    """

    max_js: float | None = None
    max_row_js: float | None = None
    max_abs: float | None = None
    rtol: float | None = None
    atol: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.active.items():
            if not value >= 0 or (name.endswith("js") and value > 1):
                option = name.replace("_", "-")
                highest = "from 0 to 1 (bits)" if name.endswith("js") else "0 or more"
                raise MisuseError(f"--{option} {value:g} should be {highest}")

    @property
    def active(self) -> dict[str, float]:
        """The limits that are not None, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


class Excess(Record):
    """A limit that is exceeded: the largest value, and where it is.

    `layer` and `head` are original indices, `tokens` the positions of the query and, for
    weights, of the key; empty for a head. `limit` is what is allowed there, `count` the number
    of heads, rows or weights beyond it. Without layer and head, the texts differ.
    """

    name: str
    layer: int | None
    head: int | None
    tokens: tuple[int, ...]
    value: float
    limit: float
    count: int


def find_excess(before: AttentionMap, after: AttentionMap, limits: Limits) -> list[Excess]:
    """The limits that the difference of two maps exceeds, in the order of their names.

    Shapes: both [layer, head, query, key] of the same tokens
    Raises MisuseError for divergences of maps whose rows are not distributions.
    """
    return [
        excess
        for name, values, allowed in limited_values(before, after, limits)
        if (excess := largest_excess(name, values, allowed, after)) is not None
    ]


def limited_values(
    before: AttentionMap, after: AttentionMap, limits: Limits
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """The name of each limit, the values that it is about, and what is allowed.

    Shapes: -> [layer, head], [layer, head, query] or [layer, head, query, key], and the same
    """
    if limits.max_js is not None or limits.max_row_js is not None:
        rows = row_divergence(before, after)
        for name, values in (("max_js", rows.mean(-1)), ("max_row_js", rows)):
            if name in limits.active:
                yield name, values, np.full_like(values, limits.active[name])
    change = np.abs(after.weights.astype(np.float64) - before.weights)
    if limits.max_abs is not None:
        yield "max_abs", change, np.full_like(change, limits.max_abs)
    if limits.rtol is not None or limits.atol is not None:
        relative = (limits.rtol or 0.0) * np.abs(before.weights.astype(np.float64))
        yield "rtol" if limits.rtol else "atol", change, (limits.atol or 0.0) + relative


def largest_excess(
    name: str, values: FloatArray, allowed: FloatArray, amap: AttentionMap
) -> Excess | None:
    """The value that is furthest beyond what is allowed; None where all are within it.

    Shapes: values and allowed [layer, head, ...]
    """
    beyond = values - allowed
    count = int((beyond > 0).sum())
    if not count:
        return None
    at = np.unravel_index(int(beyond.argmax()), beyond.shape)
    layer, head, *tokens = (int(i) for i in at)
    return Excess(
        name,
        amap.layers[layer],
        amap.heads[head],
        tuple(tokens),
        float(values[at]),
        float(allowed[at]),
        count,
    )
