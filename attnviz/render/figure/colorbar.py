"""Colorbars: the color scales of weights and of differences, labelled at both ends."""

from __future__ import annotations

from collections.abc import Sequence
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
APART = 0.12  # between ticks, as a part of the scale
N_DECADE = 6  # with ticks on a scale that is not linear
LABEL = 0.24  # inches: the name of a scale and the space beside it


def colorbars_width(drawable: Drawable) -> float:
    """The width of all colorbars side by side, in inches; without any, that of a margin."""
    if not drawable.has_colorbar:
        return EDGE
    return sum(colorbar_width(drawable, scale) for scale in drawable.scales.by_name.values())


def colorbar_width(drawable: Drawable, scale: ColorScale) -> float:
    """The width of one colorbar with its tick labels and its name, in inches."""
    style = drawable.style
    is_limited = style.limits != (None, None) or style.robust or bool(scale.norm.label)
    beyond = text_width("≤ ", NOTE) if is_limited else 0.0
    ticks = max(text_width(format_tick(t, style.percent), NOTE) for t in scale_ticks(scale))
    return BESIDE + WIDE + beyond + ticks + LABEL


def draw_colorbars(
    figure: Figure, drawable: Drawable, layout: FigureLayout, beyond: float = 0.0
) -> None:
    """Draw each scale, if any, right of the panels, after `beyond` inches of other content."""
    scales = drawable.scales.by_name if drawable.has_colorbar else {}
    left = beyond
    for name, scale in scales.items():
        is_shared = drawable.n_panel > 1 and len(scales) == 1
        norm = f" ({scale.norm.label})" if scale.norm.label else ""
        label = f"{name}{norm}, all heads" if is_shared else f"{name}{norm}"
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
    bottom, top_height = bar_heights(scale, [scale.low, scale.high])
    axes.imshow(
        scale.palette.rgb[:, None],
        extent=(0, 1, bottom, top_height),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks([])
    labels = tick_labels(drawable, scale)
    axes.set_yticks(bar_heights(scale, [*labels]), [*labels.values()], fontsize=NOTE, color=INK)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.tick_params(length=2.5, width=0.6, pad=2, color=FAINT)
    label = label.partition(",")[0] if tall < MIN_COLORBAR else label
    axes.set_ylabel(label, fontsize=NOTE, color=FAINT)
    axes.spines[:].set_visible(False)
    return axes


def tick_labels(drawable: Drawable, scale: ColorScale) -> dict[float, str]:
    """The labels of a scale by tick; the ends state that there are weights beyond them."""
    ticks = scale_ticks(scale)
    labels = [format_tick(tick, drawable.style.percent) for tick in ticks]
    below, above = drawable.scales.outside(scale, drawable.amap.weights, drawable.masked)
    labels[0] = f"≤ {labels[0]}" if below.size else labels[0]
    labels[-1] = f"≥ {labels[-1]}" if above.size else labels[-1]
    return dict(zip(ticks, labels, strict=True))


def bar_heights(scale: ColorScale, weights: Sequence[float]) -> list[float]:
    """The heights of weights on the bar: themselves if the scale is linear, else positions."""
    return scale.positions(np.array(weights)).tolist() if scale.norm.label else [*weights]


def scale_ticks(scale: ColorScale) -> list[float]:
    """Ticks at both ends, at zero, and at round numbers that are apart on the scale."""
    if not scale.norm.label or scale.high <= 0:
        return colorbar_ticks(scale.low, scale.high)
    ticks = sorted({scale.low, 0.0 if scale.is_centered else scale.low, scale.high})
    top = np.floor(np.log10(scale.high))
    round_ones = [digit * 10.0 ** (top - n) for digit in (1, 5, 2) for n in range(N_DECADE)]
    apart = APART * np.ptp(scale.positions(np.array([scale.low, scale.high])))
    for tick in filter(lambda tick: scale.low < tick < scale.high, round_ones):
        *others, at = scale.positions(np.array([*ticks, tick])).tolist()
        if min(abs(other - at) for other in others) > apart:
            ticks += [tick, -tick] if scale.is_centered else [tick]
    return sorted(ticks)


def colorbar_ticks(low: float, high: float, apart: float = APART) -> list[float]:
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


def format_tick(number: float, percent: bool = False) -> str:
    """A tick label with three significant digits."""
    text = f"{100 * number:.3g}%" if percent else f"{number:.3g}"
    return text.replace("-", "−")
