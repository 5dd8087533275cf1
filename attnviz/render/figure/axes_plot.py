"""One head as a heatmap on an Axes that the user has made, with the settings of its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import UnknownParameterError
from attnviz.render.figure.axis_labels import AxisLabels
from attnviz.render.figure.cell_numbers import CellNumbers
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.panels import label_keys, label_queries
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES_OPTIONS = ("palette", "vmin", "vmax", "title", "annotate", "precision")


def require_axes_options(options: Mapping[str, Any]) -> None:
    """Refuse display options of whole figures with UnknownParameterError."""
    for name, value in options.items():
        if value is not None and name not in AXES_OPTIONS:
            raise UnknownParameterError(
                f"plot takes {', '.join(AXES_OPTIONS)}, not {name!r}; figure() draws whole figures"
            )


def new_axes() -> Axes:
    """The Axes of a new figure of pyplot, which shows it as it is configured to."""
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def draw_on_axes(axes: Axes, amap: AttentionMap, style: Style) -> None:
    """Draw the only head of a map: cells, masked cells, numbers, labels and title.

    Shapes: [1, 1, query, key] of the map
    """
    from matplotlib.colors import ListedColormap

    drawable = Drawable.of(amap, style)
    scale = drawable.scale
    image = axes.imshow(
        amap.weights[0, 0],
        cmap=ListedColormap(scale.palette.rgb / 255.0, name=scale.palette.name),
        vmin=scale.low,
        vmax=scale.high,
        aspect="auto",
        interpolation="nearest",
    )
    image.set_label("weight")
    draw_masked(axes, drawable.masked[0, 0])
    draw_borders(axes, drawable)
    cell = cell_inches(axes, drawable)
    draw_numbers(axes, drawable, cell)
    down, below = AxisLabels.for_both(
        drawable.queries, drawable.keys, cell, drawable.fonts, drawable.type.label
    )
    label_queries(axes, down, drawable.type.name)
    label_keys(axes, below, None, drawable.type.name)
    head = amap.head_label(0)
    is_named = style.title is not None or drawable.title.endswith(head)
    title = drawable.title if is_named else f"{drawable.title} · {head}"
    axes.set_title(drawable.fonts.substitute(title))
    keep_characters(axes, drawable)


def cell_inches(axes: Axes, drawable: Drawable) -> tuple[float, float]:
    """The width and height of a cell on this Axes, in inches."""
    box = axes.get_window_extent()
    dpi = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    return box.width / dpi / len(drawable.keys), box.height / dpi / len(drawable.queries)


def draw_numbers(axes: Axes, drawable: Drawable, cell: tuple[float, float]) -> None:
    """Draw the values of visible cells where they are readable."""
    numbers = CellNumbers.of(drawable, cell)
    if numbers is None:
        return
    numbers.draw_weights(axes, drawable.amap.weights[0, 0], drawable.masked[0, 0])


def keep_characters(axes: Axes, drawable: Drawable) -> None:
    """Draw tokens as they are: without math mode, in fonts that have their characters."""
    labels = (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title, *axes.texts)
    for text in labels:
        text.set_parse_math(False)
        if len(drawable.fonts.families) > 1:
            text.set_fontfamily([*text.get_fontfamily(), *drawable.fonts.families])
