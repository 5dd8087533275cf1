"""What may not be looked at is drawn as hidden, never as zero: grey, with a hatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.core.arrays import BoolArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

LOOK: dict[str, Any] = {
    "facecolor": "#ececec",
    "edgecolor": "#bdbdbd",
    "hatch": "//////",
    "linewidth": 0.0,
}


def shade(
    axes: Axes,
    hidden: BoolArray,
    corner: tuple[float, float] = (-0.5, -0.5),
    cell: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Hidden cells of a head, as one shape that begins at `corner`.    hidden [query, key]"""
    if not hidden.any():
        return
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    boxes = [[(a, q), (b, q), (b, q + 1), (a, q + 1), (a, q)] for q, a, b in runs(hidden)]
    points = np.asarray(boxes, np.float64).reshape(-1, 2) * cell + corner
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(boxes)
    axes.add_patch(PathPatch(Path(points, codes), label="hidden", **LOOK))


def runs(hidden: BoolArray) -> list[tuple[int, int, int]]:
    """Row, start and end of each run of hidden cells.    [query, key] -> [run, 3]"""
    framed = np.pad(hidden, ((0, 0), (1, 1))).astype(np.int8)
    step = np.diff(framed, axis=1)
    starts, ends = np.argwhere(step == 1), np.argwhere(step == -1)
    return [(int(q), int(a), int(b)) for (q, a), (_, b) in zip(starts, ends, strict=True)]


def swatch(box: tuple[float, float, float, float]) -> Rectangle:
    """A sample of it for the notes, in shares of the sheet."""
    from matplotlib.patches import Rectangle

    left, bottom, width, height = box
    return Rectangle((left, bottom), width, height, **LOOK)
