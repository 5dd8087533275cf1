"""The colour bar: the one scale of all heads, with both ends told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.layout import BAR_LEAST, Sheet
from attnviz.render.figure.titles import EDGE, FAINT, INK, NOTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR_ROOM = 0.95  # inches for the bar and its numbers
BESIDE, WIDE, TALLEST = 0.25, 0.13, 2.6


def colour_bar(figure: Figure, subject: Subject, sheet: Sheet, beyond: float = 0.0) -> Axes:
    """The scale, right of the panels; `beyond` is what else stands there, in inches."""
    scale, top = subject.scale, sheet.room.top
    tall = min(max(sheet.panels_tall, BAR_LEAST), TALLEST, sheet.size[1] - top - EDGE)
    box = sheet.share(sheet.right_edge + beyond + BESIDE, top, WIDE, tall)
    axes = figure.add_axes(box, label="colour bar")
    steps = np.linspace(scale.low, scale.high, 256)
    axes.imshow(
        scale.rgb(steps)[:, None],
        extent=(0, 1, scale.low, scale.high),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks([])
    ticks = stated(scale.low, scale.high)
    axes.set_yticks(ticks, [figures(tick) for tick in ticks], fontsize=NOTE, color=INK)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.tick_params(length=2.5, width=0.6, pad=2, color=FAINT)
    short = subject.n_panel == 1 or tall < BAR_LEAST
    axes.set_ylabel("weight" if short else "weight, all heads", fontsize=NOTE, color=FAINT)
    axes.spines[:].set_visible(False)
    return axes


def stated(low: float, high: float) -> list[float]:
    """Ticks of a scale: round numbers, and both ends as they are."""
    from matplotlib.ticker import MaxNLocator

    ends = sorted({low, 0.0, high})
    apart = 0.12 * (high - low)
    round_ones = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    between = [
        float(tick)
        for tick in round_ones
        if low < tick < high and min(abs(tick - e) for e in ends) > apart
    ]
    return sorted([*ends, *between])


def figures(number: float) -> str:
    """A number of the scale, in three significant digits."""
    return f"{number:.3g}".replace("-", "−")
