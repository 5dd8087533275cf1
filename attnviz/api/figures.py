"""figure, plot and show: maps in matplotlib, on the screen and in notebooks."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Unpack

from attnviz.api.complete_style import complete_style
from attnviz.api.option_effects import (
    refuse_options_of_files,
    refuse_without_effect,
    requested_view,
    warn_without_panels,
)
from attnviz.argument_types import abbreviate, require_given, require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.style_options import StyleOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure(amap: AttentionMap, **style: Unpack[StyleOptions]) -> Figure:
    """The map as a Figure of matplotlib, as image files show it.

    The figure belongs to no window: `figure.savefig` writes it, a notebook displays it.

    Args:
        amap: the map.
        style: display options; see attnviz.style_options.StyleOptions.

    Raises:
        MisuseError: unknown options, or a figure that would be too large or too small.
    """
    require_given("amap", amap, AttentionMap)
    from attnviz.render.figure import draw_figure
    from attnviz.render.figure.image_files import remove_ground
    from attnviz.render.formats import find_format

    file_format = find_format("png")
    refuse_without_effect(style, file_format)
    refuse_options_of_files(style)
    completed = complete_style(amap, style)
    warn_without_panels(amap, completed, file_format, requested_view(style))
    drawn = draw_figure(amap, completed)
    if completed.transparent:
        remove_ground(drawn)
    return drawn


def plot(
    amap: AttentionMap,
    ax: Axes | None = None,
    *,
    layer: int | None = None,
    head: int | None = None,
    **style: Unpack[StyleOptions],
) -> Axes:
    """Draw one head as a heatmap on an Axes of matplotlib.

    Rows are queries, columns are keys, masked cells are hatched. Colors are those of `figure`:
    of texts of more than 64 tokens, logarithmic. The Axes keeps the settings of its figure;
    `ax.figure.colorbar(ax.images[0])` adds a color bar.

    Args:
        amap: the map.
        ax: the Axes; None: a new one of pyplot.
        layer: the number of the layer; None: the only one.
        head: the number of the head; None: the only one.
        style: palette, vmin, vmax, robust, norm, title, annotate, precision, percent, highlight.

    Raises:
        MisuseError: several heads to choose from, or options that a single Axes does not have.
    """
    require_given("amap", amap, AttentionMap)
    if ax is not None and not hasattr(ax, "imshow"):
        raise UnknownParameterError(f"ax={abbreviate(ax)} should be an Axes of matplotlib")
    projection = getattr(ax, "name", "rectilinear")
    if projection in ("polar", "3d"):
        raise UnknownParameterError(f"ax is {projection}; a heatmap needs rectilinear Axes")
    require_type("layer", layer, int)
    require_type("head", head, int)
    from attnviz.render.figure.axes_plot import draw_on_axes, new_axes, require_axes_options

    require_axes_options(style)
    for name, number, present in (("layer", layer, amap.layers), ("head", head, amap.heads)):
        if number is None and len(present) > 1:
            numbers = f"{present[0]} to {present[-1]}"
            raise MisuseError(f"plot draws one head: choose with {name}= ({numbers})")
    single = amap.sel(layer=layer, head=head)
    completed = complete_style(single, style)
    axes: Axes = new_axes() if ax is None else ax
    draw_on_axes(axes, single, completed)
    return axes


def show(amap: AttentionMap, **style: Unpack[StyleOptions]) -> None:
    """Display a map: in a notebook as a page, elsewhere as the table of the command `show`.

    Args:
        amap: the map.
        style: display options of pages and of tables; see attnviz.style_options.StyleOptions.

    Raises:
        MisuseError: an option that does not act there, such as the size of figures.
    """
    require_given("amap", amap, AttentionMap)
    from attnviz.render.formats import find_format

    display: Any = getattr(builtins, "display", None)  # IPython puts it there
    file_format = find_format("table" if display is None else "html")
    refuse_without_effect(style, file_format)
    completed = complete_style(amap, style)
    warn_without_panels(amap, completed, file_format, requested_view(style))
    if display is None:
        from attnviz.render.terminal import print_map

        print_map(amap, completed)
        return
    from attnviz.api.notebook import mimebundle

    display(mimebundle(amap, style=completed), raw=True)
