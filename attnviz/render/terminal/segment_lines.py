"""Lines in a table or a block map where one text ends and the next begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from rich.segment import Segment

from attnviz.render.terminal.layout import Line
from attnviz.render.terminal.screen import Screen

ACROSS, DOWN, BOTH = "─", "│", "┼"


def ruler(screen: Screen, edge: int, cells: Iterable[tuple[bool, int]]) -> Line:
    """A line across: after an edge, each cell's width, and whether a line comes down before it."""
    crossed = "".join(BOTH * below + ACROSS * width for below, width in cells)
    return [Segment(screen.words(ACROSS * edge + crossed), screen.look("dim"))]


def down(screen: Screen) -> Segment:
    """A piece of a line down."""
    return Segment(screen.words(DOWN), screen.look("dim"))


def stretches(n: int, at: Collection[int]) -> Sequence[tuple[int, int]]:
    """What lies between the borders, from 0 to n.

    >>> stretches(7, [3])
    [(0, 3), (3, 7)]
    """
    return list(pairwise(sorted({0, n, *at})))
