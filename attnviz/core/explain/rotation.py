"""Rotation by position: pairs of dimensions of one query and one key, and their angles."""

from __future__ import annotations

from math import nan
from typing import cast

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, ArithmeticTable, Lines, Pair
from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.inputs import Inputs
from attnviz.core.positions import Position, Side


def rotation_lines(position: Position, inputs: Inputs, pair: Pair) -> Lines:
    """The pairs of the query and of the key before and after their rotation."""
    grid = inputs.grid
    q, k = inputs.query[pair.head, pair.query], inputs.key[pair.head, pair.key]
    for name, side, vector, places, at in (
        ("q", "query", q, grid.q[0, :, 0], pair.query),
        ("k", "key", k, grid.k[0, 0], pair.key),
    ):
        line = rotation_line(position, name, cast("Side", side), vector, places, at)
        if line is not None:
            yield line


def rotation_line(
    position: Position, name: str, side: Side, vector: FloatArray, places: IntArray, at: int
) -> ArithmeticLine | None:
    """The pairs (a, b) of a vector, their angles, and the rotated pairs; None without pairs.

    Shapes: vector [d], places [token] -> a line with a table
    """
    place = int(places[at])
    rotated = rotate_basis(position, vector.size, places, side)
    first, second = pairs_of(rotated)
    if not first.size:
        return None
    cos, sin = rotated[at, first, first], rotated[at, first, second]
    size = np.hypot(cos, sin)
    theta = frequencies(position, vector.size, places, side, first, second)
    a, b = vector[first], vector[second]
    angle = f"({place} × θ)"
    rows = [("a", a), ("b", b), ("θ", theta)]
    factor = ""
    if not np.allclose(size, 1.0, rtol=0, atol=1e-12):
        rows.append(("s", size))
        factor = "s × "
    rotated_a = (f"{factor}(a × cos{angle} − b × sin{angle})", a * cos - b * sin)
    rotated_b = (f"{factor}(b × cos{angle} + a × sin{angle})", b * cos + a * sin)
    columns = tuple(f"{t},{u}" for t, u in zip(first, second, strict=True))
    table = ArithmeticTable(columns, (*rows, rotated_a, rotated_b))
    text = f"{name} at position {place}: pairs (a, b) of dimensions, rotated by {place} × θ"
    return ArithmeticLine("rotation", (text,), nan, table)


def rotate_basis(position: Position, d: int, places: IntArray, side: Side) -> FloatArray:
    """Each unit vector, rotated by each position.    -> [token, from d, to d]"""
    basis = np.broadcast_to(np.eye(d)[:, None], (d, places.size, d))
    return position.rotate(basis, places, side).swapaxes(0, 1)


def pairs_of(rotated: FloatArray) -> tuple[IntArray, IntArray]:
    """The two dimensions of each rotated pair.    [token, d, d] -> [pair], [pair]"""
    mixed = np.abs(rotated).max(axis=0) > 0
    upper = np.triu(mixed, 1)
    first, second = np.nonzero(upper)
    return first, second


def frequencies(
    position: Position, d: int, places: IntArray, side: Side, first: IntArray, second: IntArray
) -> FloatArray:
    """The angle per position of each pair, from the rotation by position 1.    -> [pair]"""
    longest = int(places.max(initial=0))
    steps = np.arange(max(longest, 1) + 1)  # some frequencies depend on the length
    rotated = rotate_basis(position, d, steps, side)
    angle: FloatArray = np.arctan2(rotated[1, first, second], rotated[1, first, first])
    return angle
