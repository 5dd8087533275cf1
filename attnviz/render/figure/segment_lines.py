"""Lines in a heatmap where one text ends and the next begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.render.figure.drawable import Subject
from attnviz.render.segment_borders import borders

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
INK_ON_PAPER = (("white", 1.8), ("#1a1a1a", 0.6))  # seen on any colour


def draw_borders(
    axes: Axes,
    subject: Subject,
    corner: Point = (-0.5, -0.5),
    cell: Point = (1.0, 1.0),
    weight: float = 1.0,
) -> None:
    """A line across all queries for each border of the keys, and the other way round.

    `corner` is where the heatmap begins, `cell` the size of a weight, on the scale of the axes;
    `weight` makes the lines heavier or lighter.
    """
    from matplotlib.collections import LineCollection

    (left, top), (wide, high) = corner, cell
    right, bottom = left + len(subject.keys) * wide, top + len(subject.queries) * high
    across = [left + at * wide for at in borders(subject.amap.keys)]
    down = [top + at * high for at in borders(subject.amap.queries)]
    lines = [((x, top), (x, bottom)) for x in across] + [((left, y), (right, y)) for y in down]
    for colour, width in INK_ON_PAPER if lines else ():
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width * weight))
