"""Colorbars: the color scales of weights and of differences, labelled at both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.colors import ColorScale
from attnviz.render.figure.cell_image import add_cells
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import MIN_COLORBAR, FigureLayout
from attnviz.render.figure.titles import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BESIDE, WIDE = 0.17, 0.13  # inches at full size: space before a colorbar, its width
TALLEST = 2.6  # inches
NAMED_ABOVE = 0.62  # factor of the type
NAME_LINES, NAME_PAD = 1.3, 0.6  # lines of a name above a bar; sizes of its type below it
APART, LEADING = 0.12, 1.3  # between ticks: part of the range, and sizes of their labels
N_DECADE = 6  # with ticks on a scale that is not linear
TICK, PAD = 2.5, 2.0  # points: length of a tick, space before its label


def colorbars_width(drawable: Drawable) -> float:
    """The width of all colorbars side by side, in inches; without any, that of a margin."""
    if not drawable.has_colorbar:
        return drawable.type.edge
    return sum(colorbar_width(drawable, *named) for named in drawable.scales.by_name.items())


def colorbar_width(drawable: Drawable, name: str, scale: ColorScale) -> float:
    """The width of one colorbar with its tick labels and its name, in inches."""
    style, points = drawable.style, drawable.type.note
    is_limited = style.limits != (None, None) or style.robust or bool(scale.norm.label)
    beyond = text_width("≤ ", points) if is_limited else 0.0
    labels = (format_tick(tick, style.percent) for tick in scale_ticks(scale))
    ticks = max(text_width(label, points) for label in labels)
    before, wide = bar_sides(drawable)
    if is_named_above(drawable):
        return before + max(wide + (TICK + PAD) / 72 + beyond + ticks, text_width(name, points))
    return before + wide + beyond + ticks + (TICK + 2 * PAD + 1.25 * points) / 72


def is_named_above(drawable: Drawable) -> bool:
    """Whether the name of a scale is above its bar, where width is scarce."""
    return drawable.type.factor < NAMED_ABOVE


def bar_sides(drawable: Drawable) -> tuple[float, float]:
    """The space before a colorbar, and its width, in inches."""
    return BESIDE * drawable.type.factor, WIDE * max(drawable.type.factor, 0.7)


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
        left += colorbar_width(drawable, name, scale)


def draw_colorbar(
    figure: Figure, drawable: Drawable, layout: FigureLayout, beyond: float, label: str
) -> Axes:
    """Draw one scale; a long label only where there is room for it."""
    scale, top = drawable.scale, layout.margins.top
    edge, points = drawable.type.edge, drawable.type.note
    named_above = is_named_above(drawable)
    top += NAME_LINES * drawable.type.note_line * named_above
    tall = min(scale_height(drawable, layout), layout.size[1] - top - edge)
    before, wide = bar_sides(drawable)
    box = layout.fraction_box(layout.right_edge + beyond + before, top, wide, tall)
    axes = figure.add_axes(box, label="colorbar")
    bottom, top_height = bar_heights(scale, [scale.low, scale.high])
    extent = (0, 1, top_height, bottom)  # the first color is at the bottom
    add_cells(axes, scale.palette.rgb[:, None], extent, is_vector=True)
    axes.set(xlim=(0, 1), ylim=(bottom, top_height))
    axes.set_xticks([])
    labels = tick_labels(drawable, scale, apart=LEADING * points / 72 / tall)
    axes.set_yticks(bar_heights(scale, [*labels]), [*labels.values()], fontsize=points, color=INK)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.tick_params(length=TICK, width=0.6, pad=PAD, color=FAINT)
    short = label.partition(",")[0]
    if named_above:
        axes.set_title(short, loc="left", fontsize=points, color=FAINT, pad=NAME_PAD * points)
    else:
        fitting = (x for x in (label, short) if text_width(x, points) <= tall)
        axes.set_ylabel(next(fitting, ""), fontsize=points, color=FAINT, labelpad=PAD)
    axes.spines[:].set_visible(False)
    return axes


def scale_height(drawable: Drawable, layout: FigureLayout) -> float:
    """The height of a colorbar, in inches: that of the panels, within bounds."""
    above = NAME_LINES * drawable.type.note_line * is_named_above(drawable)
    return min(max(layout.panels_height, MIN_COLORBAR), TALLEST) - above


def tick_labels(drawable: Drawable, scale: ColorScale, apart: float) -> dict[float, str]:
    """The labels of a scale by tick, at least `apart` of the bar from one another.

    The ends state that there are weights beyond them.
    """
    ticks = scale_ticks(scale, max(apart, APART))
    labels = [format_tick(tick, drawable.style.percent) for tick in ticks]
    below, above = drawable.scales.outside(scale, drawable.amap.weights, drawable.masked)
    labels[0] = f"≤ {labels[0]}" if below.size else labels[0]
    labels[-1] = f"≥ {labels[-1]}" if above.size else labels[-1]
    return dict(zip(ticks, labels, strict=True))


def bar_heights(scale: ColorScale, weights: Sequence[float]) -> list[float]:
    """The heights of weights on the bar: themselves if the scale is linear, else positions."""
    return scale.positions(np.array(weights)).tolist() if scale.norm.label else [*weights]


def scale_ticks(scale: ColorScale, apart: float = APART) -> list[float]:
    """Ticks at both ends, at zero, and at round numbers `apart` of the bar from others."""
    if not scale.norm.label or scale.high <= 0:
        return colorbar_ticks(scale.low, scale.high, apart)
    ticks = sorted({scale.low, 0.0 if scale.is_centered else scale.low, scale.high})
    top = np.floor(np.log10(scale.high))
    round_ones = [digit * 10.0 ** (top - n) for digit in (1, 5, 2) for n in range(N_DECADE)]
    apart *= float(np.ptp(scale.positions(np.array([scale.low, scale.high]))))
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
