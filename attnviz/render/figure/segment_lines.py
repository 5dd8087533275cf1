"""Lines at the segment borders of heatmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.render.figure.drawable import Drawable
from attnviz.render.segment_borders import find_borders

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
LINE_STYLES = (("white", 1.8), ("#1a1a1a", 0.6))  # colors and widths: visible on any background


def draw_borders(
    axes: Axes,
    drawable: Drawable,
    corner: Point = (-0.5, -0.5),
    cell: Point = (1.0, 1.0),
    weight: float = 1.0,
) -> None:
    """Draw a line across all queries at each border of the keys, and vice versa.

    `corner` is the top left of the heatmap and `cell` the size of a cell, in axes units;
    `weight` scales the line widths.
    """
    from matplotlib.collections import LineCollection

    (left, top), (wide, high) = corner, cell
    right, bottom = left + len(drawable.keys) * wide, top + len(drawable.queries) * high
    across = [left + at * wide for at in find_borders(drawable.amap.keys)]
    down = [top + at * high for at in find_borders(drawable.amap.queries)]
    lines = [((x, top), (x, bottom)) for x in across] + [((left, y), (right, y)) for y in down]
    for color, width in LINE_STYLES if lines else ():
        axes.add_collection(LineCollection(lines, colors=color, linewidths=width * weight))
