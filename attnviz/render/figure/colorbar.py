"""Colorbars: the color scales of weights and of differences, labelled at both ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.colors import ColorScale
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import MIN_COLORBAR, FigureLayout
from attnviz.render.figure.titles import EDGE, FAINT, INK, NOTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BESIDE, WIDE, TALLEST = 0.25, 0.13, 2.6  # inches
LABEL = 0.24  # inches: the name of a scale and the space beside it


def colorbars_width(drawable: Drawable) -> float:
    """The width of all colorbars side by side, in inches; without any, that of a margin."""
    if not drawable.has_colorbar:
        return EDGE
    return sum(colorbar_width(drawable, scale) for scale in drawable.scales.by_name.values())


def colorbar_width(drawable: Drawable, scale: ColorScale) -> float:
    """The width of one colorbar with its tick labels and its name, in inches."""
    beyond = text_width("≤ ", NOTE) if drawable.style.limits != (None, None) else 0.0
    ticks = max(text_width(format_tick(t), NOTE) for t in colorbar_ticks(scale.low, scale.high))
    return BESIDE + WIDE + beyond + ticks + LABEL


def draw_colorbars(
    figure: Figure, drawable: Drawable, layout: FigureLayout, beyond: float = 0.0
) -> None:
    """Draw each scale, if any, right of the panels, after `beyond` inches of other content."""
    scales = drawable.scales.by_name if drawable.has_colorbar else {}
    left = beyond
    for name, scale in scales.items():
        is_shared = drawable.n_panel > 1 and len(scales) == 1
        label = f"{name}, all heads" if is_shared else name
        draw_colorbar(figure, replace(drawable, scale=scale), layout, left, label)
        left += colorbar_width(drawable, scale)


def draw_colorbar(
    figure: Figure, drawable: Drawable, layout: FigureLayout, beyond: float, label: str
) -> Axes:
    """Draw one scale; a long label only where there is room for it."""
    scale, top = drawable.scale, layout.margins.top
    tall = min(max(layout.panels_height, MIN_COLORBAR), TALLEST, layout.size[1] - top - EDGE)
    box = layout.fraction_box(layout.right_edge + beyond + BESIDE, top, WIDE, tall)
    axes = figure.add_axes(box, label="colorbar")
    steps = np.linspace(scale.low, scale.high, 256)
    axes.imshow(
        scale.rgb(steps)[:, None],
        extent=(0, 1, scale.low, scale.high),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks([])
    labels = tick_labels(drawable, scale)
    axes.set_yticks([*labels], [*labels.values()], fontsize=NOTE, color=INK)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.tick_params(length=2.5, width=0.6, pad=2, color=FAINT)
    label = label.partition(",")[0] if tall < MIN_COLORBAR else label
    axes.set_ylabel(label, fontsize=NOTE, color=FAINT)
    axes.spines[:].set_visible(False)
    return axes


def tick_labels(drawable: Drawable, scale: ColorScale) -> dict[float, str]:
    """The labels of a scale by tick; the ends state that there are weights beyond them."""
    ticks = colorbar_ticks(scale.low, scale.high)
    labels = [format_tick(tick) for tick in ticks]
    below, above = drawable.scales.outside(scale, drawable.amap.weights, drawable.masked)
    labels[0] = f"≤ {labels[0]}" if below.size else labels[0]
    labels[-1] = f"≥ {labels[-1]}" if above.size else labels[-1]
    return dict(zip(ticks, labels, strict=True))


def colorbar_ticks(low: float, high: float, apart: float = 0.12) -> list[float]:
    """Ticks: both ends, zero, and round numbers between them, at least `apart` of the range."""
    from matplotlib.ticker import MaxNLocator

    ends = sorted({low, min(max(0.0, low), high), high})
    distance = apart * (high - low)
    round_ones = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    between = [
        float(tick)
        for tick in round_ones
        if low < tick < high and min(abs(tick - e) for e in ends) > distance
    ]
    return sorted([*ends, *between])


def format_tick(number: float) -> str:
    """A tick label with three significant digits."""
    return f"{number:.3g}".replace("-", "−")
