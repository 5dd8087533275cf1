"""Cell numbers: the values printed on heatmap cells, where they are readable."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.errors import AttnvizWarning
from attnviz.record import Record
from attnviz.render.colors import contrast_ink
from attnviz.render.figure.cell_texts import CellText, add_texts
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REQUESTED, READABLE, EASY = 6.0, 7.0, 7.5  # smallest font sizes in points
FILL_FRACTION = 0.84  # part of a cell that its number may fill
MAX_NUMBERS = 256  # per panel, unless requested


class CellNumbers(Record):
    """Font size and format of the values of a figure; short: .25 where 0.25 would be too small."""

    drawable: Drawable
    points: float
    short: bool

    @classmethod
    def of(cls, drawable: Drawable, cell: tuple[float, float]) -> CellNumbers | None:
        """Values for cells of this size (inches); None if not requested or not readable.

        Warns if requested values are omitted.
        """
        annotate, n_cell = drawable.style.annotate, len(drawable.queries) * len(drawable.keys)
        least, largest = REQUESTED if annotate else READABLE, max(READABLE, drawable.type.label)
        if drawable.is_mask or annotate is False or (annotate is None and n_cell > MAX_NUMBERS):
            return None
        for short, enough in ((False, min(EASY, largest)), (True, least)):
            points = min(largest, max_font_size(drawable, short, cell))
            if points >= enough - 1e-6:
                return cls(drawable, points, short)
        if annotate:
            warnings.warn(
                f"values omitted: cells of {cell[0]:.2f} × {cell[1]:.2f} inches are too small; "
                "increase --size, or select fewer heads with --layer and --head",
                AttnvizWarning,
                stacklevel=2,
            )
        return None

    def format(self, weight: float) -> str:
        """A weight as text."""
        return format_number(self.drawable, weight, self.short)

    def draw_weights(self, axes: Axes, weights: FloatArray, masked: BoolArray) -> None:
        """Weights on visible cells, in black or white, whichever has more contrast.

        Shapes: weights [query, key], masked [query, key]
        """
        texts = []
        queries, keys = np.nonzero(~masked)
        visible = weights[queries, keys]
        colors = self.drawable.scale.rgb(visible).tolist()
        for q, k, weight, (red, green, blue) in zip(
            queries.tolist(), keys.tolist(), visible.tolist(), colors, strict=True
        ):
            ink = contrast_ink((red, green, blue))
            color = (ink[0] / 255, ink[1] / 255, ink[2] / 255)
            texts.append(CellText(k, q, self.format(weight), color))
        add_texts(axes, self.points, texts)

    def draw_text(
        self, axes: Axes, x: float, y: float, text: str, rgb: tuple[int, int, int]
    ) -> None:
        """A text centred at (x, y) in this color."""
        axes.text(
            x, y, text, size=self.points, color=[part / 255 for part in rgb],
            ha="center", va="center_baseline",
        )  # fmt: skip


def min_cell_width(drawable: Drawable) -> float:
    """The narrowest cell with a readable value, in inches."""
    return text_width(widest_number(drawable, short=True), REQUESTED) / FILL_FRACTION


def max_font_size(drawable: Drawable, short: bool, cell: tuple[float, float]) -> float:
    """The font size at which the widest value fills a cell, in points."""
    return FILL_FRACTION * min(
        cell[0] / text_width(widest_number(drawable, short), 1.0), cell[1] * 72
    )


def widest_number(drawable: Drawable, short: bool) -> str:
    """The widest value on the color scales, as text."""
    numbers = (
        format_number(replace(drawable, scale=scale), end, short)
        for scale in drawable.scales.by_name.values()
        for end in (scale.low, scale.high)
    )
    return max(numbers, key=lambda text: text_width(text, 1.0))


def format_number(drawable: Drawable, weight: float, short: bool) -> str:
    """A weight as text, 0 if it is exactly zero; short: without the zero before the point."""
    if weight == 0:
        return "0"
    text = drawable.format_weight(weight)
    return text.replace("0.", ".", 1) if short and text.lstrip("+−").startswith("0.") else text
