"""The panels of one measure: a map of layers × heads, and the course by layer beside it."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import AttnvizWarning
from attnviz.record import Record
from attnviz.render.colors import ColorScale, contrast_ink
from attnviz.render.figure.axis_labels import label_step
from attnviz.render.figure.cell_image import add_cells
from attnviz.render.figure.cell_texts import CellText, add_texts
from attnviz.render.figure.colorbar import colorbar_ticks, format_tick
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.figure.measure_layout import MeasureLayout, tick_points
from attnviz.render.figure.titles import FAINT, INK
from attnviz.render.figure.type_sizes import SMALLEST
from attnviz.render.head_report import HeadReport, MeasureColumn
from attnviz.render.palette import Bytes
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBER = 6.0  # points of printed values
FILL = 0.9  # part of a cell that its number may fill
NO_VALUE = "#e6e6e6"
MAX_NUMBERS = 200  # cells with printed values, unless requested


class MeasurePanel(Record):
    """The two panels of one measure."""

    report: HeadReport
    column: MeasureColumn
    style: Style
    layout: MeasureLayout

    @cached_property
    def values(self) -> FloatArray:
        """The measure of each head; NaN where it has no value.    -> [layer, head]"""
        return self.report.values(self.column.name)

    @property
    def scale(self) -> ColorScale:
        """The scale of the measure: its range, or from its low end to the largest value."""
        column = self.column
        high = column.high if np.isfinite(column.high) else float(np.nanmax(self.values))
        if high <= column.low:
            high = column.low + 1.0
        is_signed = column.low < 0
        limits = (None, high) if is_signed else (column.low, high)
        return ColorScale.of(
            np.zeros(1), signed=is_signed, palette=self.style.palette, limits=limits
        )

    def draw_heads(self, axes: Axes, scale: ColorScale, fonts: FontSet) -> None:
        """The measure of each head as a colored cell; cells without a value are gray."""
        column, values, sizes = self.column, self.values, self.layout.type
        known = np.isfinite(values)
        colors = scale.rgb(np.where(known, values, scale.low))
        gray = [int(NO_VALUE[i : i + 2], 16) for i in (1, 3, 5)]
        n_layer, n_head = values.shape
        add_cells(
            axes,
            np.where(known[..., None], colors, np.array(gray, np.uint8)),
            (-0.5, n_head - 0.5, n_layer - 0.5, -0.5),
            is_vector=True,
        )
        axes.set(xlim=(-0.5, n_head - 0.5), ylim=(n_layer - 0.5, -0.5))
        unit = f" ({column.unit})" if column.unit else ""
        room = self.layout.pitch[0] - self.layout.left - sizes.edge
        heading = fonts.truncate(f"{column.name}{unit}", sizes.heading, room)
        axes.set_title(heading, loc="left", fontsize=sizes.heading, color=INK, pad=5)
        self.thin_ticks(axes)
        axes.set_xlabel("head", fontsize=sizes.note, color=FAINT, labelpad=2)
        axes.set_ylabel("layer", fontsize=sizes.note, color=FAINT, labelpad=2)
        axes.tick_params(length=0, pad=2)
        axes.spines[:].set_visible(False)
        self.draw_numbers(axes, colors)

    def draw_numbers(self, axes: Axes, colors: Bytes) -> None:
        """The values of heads on their cells, if they fit, and are not too many or requested.

        Shapes: colors [layer, head, 3]
        """
        values, style = self.values, self.style
        digits = (2 if self.scale.high <= 1 else 1) if style.precision is None else style.precision
        texts = [
            CellText(j, i, number_text(values[i, j], digits), as_color(colors[i, j]))
            for i, j in np.argwhere(np.isfinite(values)).tolist()
        ]
        cell = self.layout.panel[0] / values.shape[1], self.layout.panel[1] / values.shape[0]
        widest = max(text_width(text.text, NUMBER) for text in texts)
        fits = widest < FILL * cell[0] and FILL * cell[1] > NUMBER / 72
        if fits and style.annotate is not False and (style.annotate or len(texts) <= MAX_NUMBERS):
            add_texts(axes, NUMBER, texts)
        elif style.annotate:
            warnings.warn(
                f"values of {self.column.name} omitted: cells of {cell[0]:.2f} × {cell[1]:.2f} "
                "inches are too small; increase --size",
                AttnvizWarning,
                stacklevel=2,
            )

    def thin_ticks(self, axes: Axes) -> None:
        """Label layers and heads, as many as have room."""
        points, (wide, tall) = tick_points(self.layout.type), self.layout.panel
        for numbers, side, set_ticks, needs in (
            (self.report.heads, wide, axes.set_xticks, self.label_width),
            (self.report.layers, tall, axes.set_yticks, 1.1 * points / 72),
        ):
            places = range(0, len(numbers), label_step(needs * len(numbers) / side))
            labels = [str(numbers[i]) for i in places]
            set_ticks(list(places), labels, fontsize=points, color=INK)

    @property
    def label_width(self) -> float:
        """The width of the longest number of a head and a space, in inches."""
        points = tick_points(self.layout.type)
        return max(text_width(f"{head}", points) for head in self.report.heads) + 0.5 * points / 72

    def draw_course(self, axes: Axes, scale: ColorScale) -> None:
        """The measure by layer, on the rows of the map: heads as dots, their mean as a line."""
        values, sizes = self.values, self.layout.type
        known = np.isfinite(values)
        n = known.sum(1)
        means = np.divide(np.nansum(values, 1), n, out=np.full(n.shape, np.nan), where=n > 0)
        rows = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
        axes.scatter(values[known], rows[known], s=5, color=FAINT, alpha=0.45, linewidths=0)
        axes.plot(
            means, np.arange(len(values)), color=INK, linewidth=1.2, marker="o", markersize=2.5
        )
        margin = 0.03 * (scale.high - scale.low)
        axes.set(
            ylim=(len(values) - 0.5, -0.5),
            xlim=(scale.low - margin, scale.high + margin),
            yticks=[],
        )
        points = max(SMALLEST, sizes.note - 1)
        widest = max(text_width(format_tick(end), points) for end in (scale.low, scale.high))
        apart = max(0.2, 1.3 * widest / self.layout.course)  # labels side by side
        ticks = colorbar_ticks(scale.low, scale.high, apart=apart)
        axes.set_xticks(ticks, list(map(format_tick, ticks)), fontsize=points, color=INK)
        long, short = "heads, and mean by layer", "by layer"
        fits = text_width(long, sizes.note) <= self.layout.course
        label = long if fits else short
        axes.set_xlabel(label, fontsize=sizes.note, color=FAINT, labelpad=2)
        axes.tick_params(length=2.5, width=0.6, pad=2, color=FAINT)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_edgecolor(FAINT)


def number_text(value: float, digits: int) -> str:
    """A value with this number of decimals; no −0.0."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def as_color(rgb: Bytes) -> tuple[float, float, float]:
    """Black or white, whichever can be read on this color.    [3]"""
    red, green, blue = map(int, rgb)
    ink = contrast_ink((red, green, blue))
    return ink[0] / 255, ink[1] / 255, ink[2] / 255
