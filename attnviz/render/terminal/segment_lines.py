"""Lines at the segment borders of tables and block maps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from rich.segment import Segment

from attnviz.render.terminal.layout import Line
from attnviz.render.terminal.screen import Screen

ACROSS, DOWN, BOTH = "─", "│", "┼"


def horizontal_line(screen: Screen, edge: int, cells: Iterable[tuple[bool, int]]) -> Line:
    """A horizontal line; each cell is (whether a vertical line precedes it, its width)."""
    line = "".join(BOTH * is_crossed + ACROSS * width for is_crossed, width in cells)
    return [Segment(screen.encodable(ACROSS * edge + line), screen.style("dim"))]


def vertical_line(screen: Screen) -> Segment:
    """One cell of a vertical line."""
    return Segment(screen.encodable(DOWN), screen.style("dim"))


def split_at(n: int, at: Collection[int]) -> Sequence[tuple[int, int]]:
    """The ranges between borders, from 0 to n.

    >>> split_at(7, [3])
    [(0, 3), (3, 7)]
    """
    return list(pairwise(sorted({0, n, *at})))
