"""Masked cells: a gray hatch, distinct from the color of zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.core.arrays import BoolArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

HATCH: dict[str, Any] = {
    "facecolor": "#ececec",
    "edgecolor": "#d0d0d0",
    "hatch": "////",
    "linewidth": 0.0,
}


def draw_masked(
    axes: Axes,
    masked: BoolArray,
    corner: tuple[float, float] = (-0.5, -0.5),
    cell: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Draw the masked cells of a head as one shape from `corner` on.    masked [query, key]"""
    if not masked.any():
        return
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    boxes = [[(a, q), (b, q), (b, q + 1), (a, q + 1), (a, q)] for q, a, b in masked_runs(masked)]
    points = np.asarray(boxes, np.float64).reshape(-1, 2) * cell + corner
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(boxes)
    axes.add_patch(PathPatch(Path(points, codes), label="masked", **HATCH))


def masked_runs(masked: BoolArray) -> list[tuple[int, int, int]]:
    """Row, start and end of each run of masked cells.    [query, key] -> [run, 3]"""
    padded = np.pad(masked, ((0, 0), (1, 1))).astype(np.int8)
    step = np.diff(padded, axis=1)
    starts, ends = np.argwhere(step == 1), np.argwhere(step == -1)
    return [(int(q), int(a), int(b)) for (q, a), (_, b) in zip(starts, ends, strict=True)]


def cell_sample(box: tuple[float, float, float, float], color: Any = None) -> Rectangle:
    """A sample of a cell for the legend: of this color, else of the hatch of masked cells.

    `box` is in fractions of the figure.
    """
    from matplotlib.patches import Rectangle

    left, bottom, width, height = box
    fill = HATCH if color is None else {"facecolor": color, "linewidth": 0.0}
    return Rectangle((left, bottom), width, height, **fill)
