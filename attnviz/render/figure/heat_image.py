"""Heat images: one cell per weight, pooled where cells are smaller than dots."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.drawable import Drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_heat_image(
    axes: Axes,
    drawable: Drawable,
    values: FloatArray,
    box: tuple[float, float, float, float],
    pool: Pool,
) -> None:
    """Draw weights as colors in the box (left, right, bottom, top).    values [query, column]"""
    left, right, bottom, top = box
    pooled, _ = pool(values, np.zeros(values.shape, np.bool_))
    n_row, n_column = pooled.shape
    right = left + (right - left) * n_column * pool.keys / values.shape[1]
    bottom = top + (bottom - top) * n_row * pool.queries / values.shape[0]
    axes.imshow(
        drawable.scale.rgb(pooled),
        extent=(left, right, bottom, top),
        aspect="auto",
        interpolation="nearest",
    )


def pool_to_dots(drawable: Drawable, cell: tuple[float, float]) -> Pool:
    """The pool that makes cells of this width and height (inches) at least one dot large."""
    width, height = (ceil(1 / (side * drawable.style.dpi) - 1e-9) for side in cell)
    return Pool(queries=height, keys=width)
