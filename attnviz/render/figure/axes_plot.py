"""One head as a heatmap on an Axes that the user has made, with the settings of its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import UnknownParameterError
from attnviz.render.colors import ColorScale
from attnviz.render.figure.axis_labels import AxisLabels
from attnviz.render.figure.cell_numbers import CellNumbers
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.highlight import draw_highlights
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.panels import label_keys, label_queries
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.style import SEPARATOR, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

AXES_OPTIONS = (
    *("palette", "vmin", "vmax", "robust", "norm"),
    *("title", "annotate", "precision", "percent", "highlight"),
)


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
    palette, norm = drawable.scale.palette, drawable.scale.norm
    image = axes.imshow(
        amap.weights[0, 0],
        cmap=ListedColormap(palette.rgb / 255.0, name=palette.name),
        norm=as_norm(drawable.scale),
        aspect="auto",
        interpolation="nearest",
    )
    image.set_label(f"weight ({norm.label})" if norm.label else "weight")
    draw_highlights(axes, drawable.highlights, len(drawable.keys))
    draw_masked(axes, drawable.masked[0, 0])
    draw_borders(axes, drawable)
    cell = cell_inches(axes, drawable)
    draw_numbers(axes, drawable, cell)
    down, below = AxisLabels.for_both(
        drawable.queries, drawable.keys, cell, drawable.fonts, drawable.type.label
    )
    label_queries(axes, down, drawable.type.name)
    label_keys(axes, below, None, drawable.type.name)
    head = drawable.heading(0, 0)
    is_named = style.title is not None or drawable.title.endswith(head)
    title = drawable.title if is_named else SEPARATOR.join((drawable.title, head))
    axes.set_title(drawable.fonts.substitute(title))
    keep_characters(axes, drawable)


def as_norm(scale: ColorScale) -> Normalize:
    """The scale as a norm of matplotlib, for the image and its color bar."""
    from matplotlib.colors import FuncNorm, LogNorm, Normalize, PowerNorm

    if scale.norm.name == "linear":
        return Normalize(scale.low, scale.high)
    if scale.norm.name == "log":
        return LogNorm(scale.low, scale.high, clip=True)
    if scale.norm.name == "sqrt" and not scale.is_centered:
        return PowerNorm(0.5, scale.low, scale.high, clip=True)

    def weights_at(fractions: Any) -> FloatArray:
        """Weights at places among the colors.    [...] -> [...]"""
        return scale.weights_at(2.0 * fractions - 1.0 if scale.is_centered else fractions)

    return FuncNorm((scale.fractions, weights_at), scale.low, scale.high)


def cell_inches(axes: Axes, drawable: Drawable) -> tuple[float, float]:
    """The width and height of a cell on this Axes, in inches."""
    box = axes.get_window_extent()
    dpi = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    return box.width / dpi / len(drawable.keys), box.height / dpi / len(drawable.queries)


def draw_numbers(axes: Axes, drawable: Drawable, cell: tuple[float, float]) -> None:
    """Draw the values of visible cells where they are readable."""
    numbers = CellNumbers.of(drawable, cell)
    if numbers is not None:
        numbers.draw_weights(axes, drawable.amap.weights[0, 0], drawable.masked[0, 0])


def keep_characters(axes: Axes, drawable: Drawable) -> None:
    """Draw tokens as they are: without math mode, in fonts that have their characters."""
    labels = (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title, *axes.texts)
    for text in labels:
        text.set_parse_math(False)
        if len(drawable.fonts.families) > 1:
            text.set_fontfamily([*text.get_fontfamily(), *drawable.fonts.families])
