"""Weights as an image: a cell a weight, or the strongest where cells are finer than dots."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.drawable import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heat(
    axes: Axes,
    subject: Subject,
    values: FloatArray,
    box: tuple[float, float, float, float],
    pool: Pool,
) -> None:
    """Weights in their colours; `box` is left, right, bottom, top.    values [query, column]"""
    left, right, bottom, top = box
    shown, _ = pool(values, np.zeros(values.shape, np.bool_))
    n_row, n_column = shown.shape
    right = left + (right - left) * n_column * pool.keys / values.shape[1]
    bottom = top + (bottom - top) * n_row * pool.queries / values.shape[0]
    axes.imshow(
        subject.scale.rgb(shown),
        extent=(left, right, bottom, top),
        aspect="auto",
        interpolation="nearest",
    )


def pool_for(subject: Subject, cell: tuple[float, float]) -> Pool:
    """How many weights share a dot, cells having this width and height in inches."""
    width, height = (ceil(1 / (side * subject.style.dpi) - 1e-9) for side in cell)
    return Pool(queries=height, keys=width)
