"""Heat images: one cell per weight, pooled where cells are smaller than dots."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.cell_image import add_cells
from attnviz.render.figure.drawable import Drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_VECTOR_CELLS = 10_000  # of a figure; beyond them, a heatmap is an embedded image


def draw_heat_image(
    axes: Axes,
    drawable: Drawable,
    values: FloatArray,
    box: tuple[float, float, float, float],
    pool: Pool,
    masked: BoolArray | None = None,
    name: str = "",
) -> None:
    """Draw weights as colors in the box (left, right, bottom, top).

    In vector formats, cells are shapes, without those that are masked; `name` is in their ids.
    Shapes: values [query, column], masked [query, column]
    """
    left, right, bottom, top = box
    hidden = np.zeros(values.shape, np.bool_) if masked is None else masked
    pooled, hidden = pool(values, hidden)
    n_row, n_column = pooled.shape
    right = left + (right - left) * n_column * pool.keys / values.shape[1]
    bottom = top + (bottom - top) * n_row * pool.queries / values.shape[0]
    add_cells(
        axes,
        drawable.scale.rgb(pooled),
        (left, right, bottom, top),
        is_vector=pooled.size * drawable.n_panel <= MAX_VECTOR_CELLS,
        hidden=hidden,
        name=name,
        block=(pool.queries, pool.keys),
    )


def heatmap_name(drawable: Drawable, at: tuple[int, int]) -> str:
    """The id of a heatmap in SVG: layer-0-head-2, by the original indices."""
    layer, head = drawable.amap.layers[at[0]], drawable.amap.heads[at[1]]
    return f"layer-{layer}-head-{head}"


def pool_to_dots(drawable: Drawable, cell: tuple[float, float]) -> Pool:
    """The pool that makes cells of this width and height (inches) at least one dot large."""
    width, height = (ceil(1 / (side * drawable.style.dpi) - 1e-9) for side in cell)
    return Pool(queries=height, keys=width)
