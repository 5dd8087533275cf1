"""Figures of head reports: for each measure a map of layers × heads, and its course by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError
from attnviz.render.colors import ColorScale, contrast_ink
from attnviz.render.figure import matplotlib_settings, save_figure
from attnviz.render.figure.colorbar import colorbar_ticks, format_tick
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.figure.page_size import MAX_PIXELS
from attnviz.render.figure.titles import FAINT, INK
from attnviz.render.figure.type_sizes import EDGE, TypeSizes
from attnviz.render.head_report import HeadReport, MeasureColumn
from attnviz.render.safe_text import escape_text
from attnviz.render.style import SEPARATOR, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES = TypeSizes()
TITLE, HEADING, NAME, NOTE = SIZES.title, SIZES.heading, SIZES.name, SIZES.note  # points
ACROSS = 3  # measures side by side
CELL, SMALLEST, LARGEST = 0.22, 1.3, 4.2  # inches: side of a cell, sides of a map of heads
LINES = 1.5  # inches: width of a course by layer
LEFT, RIGHT, ABOVE, BELOW = 0.5, 0.55, 0.32, 0.45  # inches around the panels of a measure
HEADER = 0.6  # inches: title and subtitle
NO_VALUE = "#e6e6e6"
MAX_NUMBERS = 200  # cells with printed values
# Drawn where no measures were requested: the first six that are defined.
DEFAULTS = (
    "entropy", "distance", "sink", "previous token without sink", "duplicate token without sink",
    "induction without sink", "agreement", "effective keys", "top-1 mass", "sparsity",
)  # fmt: skip
N_DEFAULT = 6


def png_heads(report: HeadReport, style: Style) -> bytes:
    """The figure as a PNG image."""
    return figure_bytes(report, style, "png", {"Title": report.title, **style.made_by})


def svg_heads(report: HeadReport, style: Style) -> bytes:
    """The figure as an SVG image."""
    facts = "; ".join(f"{key}: {value}" for key, value in style.made_by.items())
    return figure_bytes(
        report, style, "svg", {"Title": report.title, "Date": None, "Description": facts}
    )


def pdf_heads(report: HeadReport, style: Style) -> bytes:
    """The figure as a PDF."""
    facts = "; ".join(f"{key}: {value}" for key, value in style.made_by.items())
    return figure_bytes(
        report, style, "pdf", {"Title": report.title, "CreationDate": None, "Subject": facts}
    )


def figure_bytes(report: HeadReport, style: Style, format: str, metadata: dict[str, Any]) -> bytes:
    """The bytes of the figure in a format; metadata without invisible characters."""
    escaped = {
        key: value if value is None else escape_text(value) for key, value in metadata.items()
    }
    return save_figure(draw_measures(report, style), format, escaped)


def draw_measures(report: HeadReport, style: Style) -> Figure:
    """One pair of panels per measure: layers × heads in colors, and mean and heads by layer.

    Raises MisuseError for a report without measures and for a figure that would be too large.
    """
    from matplotlib.figure import Figure

    columns = drawn_columns(report)
    if not columns:
        raise MisuseError("no head of this map has a value of a measure that a figure could show")
    across = min(ACROSS, len(columns))
    down = -(-len(columns) // across)
    wide, tall = (
        min(max(CELL * n, SMALLEST), LARGEST) for n in (len(report.heads), len(report.layers))
    )
    cell = (LEFT + wide + RIGHT + LINES + 0.35, ABOVE + tall + BELOW)
    size = style.size or (across * cell[0] + EDGE, HEADER + down * cell[1])
    if size[0] * size[1] * style.dpi**2 > MAX_PIXELS:
        raise MisuseError(
            f"the figure of {len(columns)} measures would be too large; choose some with "
            "--measure, or lower --dpi"
        )
    natural = across * cell[0] + EDGE, HEADER + down * cell[1]
    fonts = FontSet.of([escape_text(report.title), escape_text(figure_subtitle(report))])
    with matplotlib_settings(("font.family", [*fonts.families])):
        figure = Figure(figsize=size, dpi=style.dpi)
        write_header(figure, report, style, fonts)
        for number, column in enumerate(columns):
            row, place = divmod(number, across)
            left, top = place * cell[0] + LEFT, HEADER + row * cell[1] + ABOVE
            boxes = [
                (x / natural[0], 1 - (top + tall) / natural[1], w / natural[0], tall / natural[1])
                for x, w in ((left, wide), (left + wide + RIGHT, LINES))
            ]
            values = report.values(column.name)
            scale = color_scale(column, values, style.palette)
            draw_heads(figure.add_axes(boxes[0]), report, column, values, scale, wide)
            draw_layers(figure.add_axes(boxes[1]), report, values, scale)
    return figure


def drawn_columns(report: HeadReport) -> list[MeasureColumn]:
    """The requested measures, else the default ones, that have a value for some head."""
    columns = [c for c in report.columns if np.isfinite(report.values(c.name)).any()]
    if not report.default_columns:
        return columns
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in DEFAULTS if name in by_name][:N_DEFAULT]


def figure_subtitle(report: HeadReport) -> str:
    """The subtitle of the report, and that there are further measures."""
    n_drawn, n = len(drawn_columns(report)), len(report.columns)
    more = f"{n_drawn} of {n} measures; others with --measure" if n_drawn < n else ""
    corpus = "" if report.n_map is None else f"mean over {report.n_map} maps"
    return SEPARATOR.join(filter(None, (report.subtitle, corpus, more)))


def write_header(figure: Figure, report: HeadReport, style: Style, fonts: FontSet) -> None:
    """Title and subtitle, truncated to the width."""
    width, height = figure.get_size_inches()
    title = escape_text(report.title if style.title is None else style.title)
    subtitle = escape_text(figure_subtitle(report))
    for text, points, down, color in (
        (title, TITLE, EDGE, INK),
        (subtitle, NOTE, EDGE + 0.26, FAINT),
    ):
        figure.text(
            EDGE / width,
            1 - down / height,
            fonts.truncate(text, points, width - 2 * EDGE),
            fontsize=points,
            color=color,
            va="top",
        )


def color_scale(column: MeasureColumn, values: FloatArray, palette: str | None) -> ColorScale:
    """The scale of a measure: its range, or from its low end to the largest value."""
    high = column.high if np.isfinite(column.high) else float(np.nanmax(values))
    if high <= column.low:
        high = column.low + 1.0
    is_signed = column.low < 0
    limits = (None, high) if is_signed else (column.low, high)
    return ColorScale.of(np.zeros(1), signed=is_signed, palette=palette, limits=limits)


def draw_heads(
    axes: Axes,
    report: HeadReport,
    column: MeasureColumn,
    values: FloatArray,
    scale: ColorScale,
    wide: float,
) -> None:
    """The measure of each head as a colored cell; cells without a value are gray.

    Shapes: values [layer, head]
    """
    n_head = values.shape[1]
    known = np.isfinite(values)
    colors = scale.rgb(np.where(known, values, scale.low))
    gray = [int(NO_VALUE[i : i + 2], 16) for i in (1, 3, 5)]
    axes.imshow(
        np.where(known[..., None], colors, np.array(gray, np.uint8)),
        aspect="auto",
        interpolation="nearest",
    )
    unit = f" ({column.unit})" if column.unit else ""
    axes.set_title(f"{column.name}{unit}", loc="left", fontsize=HEADING, color=INK, pad=5)
    thin_ticks(axes, report)
    axes.set_xlabel("head", fontsize=NOTE, color=FAINT, labelpad=2)
    axes.set_ylabel("layer", fontsize=NOTE, color=FAINT, labelpad=2)
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    digits = 2 if scale.high <= 1 else 1
    fits = text_width(f"{scale.high:.{digits}f}", 6.0) < 0.9 * wide / n_head
    if known.sum() > MAX_NUMBERS or not fits:
        return
    for i, j in zip(*np.nonzero(known), strict=True):
        red, green, blue = map(int, colors[i, j])
        ink = tuple(channel / 255 for channel in contrast_ink((red, green, blue)))
        text = f"{values[i, j]:.{digits}f}"
        axes.text(j, i, text, fontsize=6.0, color=ink, ha="center", va="center")


def thin_ticks(axes: Axes, report: HeadReport) -> None:
    """Label layers and heads, every second or fifth one where there are many."""
    for numbers, set_ticks in ((report.heads, axes.set_xticks), (report.layers, axes.set_yticks)):
        step = next(step for step in (1, 2, 5, 10, 20, 1000) if len(numbers) / step <= 13)
        places = range(0, len(numbers), step)
        set_ticks(list(places), [str(numbers[i]) for i in places], fontsize=NAME - 1, color=INK)


def draw_layers(axes: Axes, report: HeadReport, values: FloatArray, scale: ColorScale) -> None:
    """The measure by layer, on the rows of the map beside it: heads as dots, their mean as a line.

    Shapes: values [layer, head]
    """
    n = np.isfinite(values).sum(1)
    means = np.divide(np.nansum(values, 1), n, out=np.full(n.shape, np.nan), where=n > 0)
    rows = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
    known = np.isfinite(values)
    axes.scatter(values[known], rows[known], s=5, color=FAINT, alpha=0.45, linewidths=0)
    axes.plot(means, np.arange(len(values)), color=INK, linewidth=1.2, marker="o", markersize=2.5)
    axes.set(ylim=(len(values) - 0.5, -0.5), xlim=(scale.low, scale.high), yticks=[])
    margin = 0.03 * (scale.high - scale.low)
    axes.set_xlim(scale.low - margin, scale.high + margin)
    ticks = colorbar_ticks(scale.low, scale.high, apart=0.2)  # labels side by side
    axes.set_xticks(ticks, list(map(format_tick, ticks)), fontsize=NOTE - 1, color=INK)
    axes.set_xlabel("heads, and mean by layer", fontsize=NOTE, color=FAINT, labelpad=2)
    axes.tick_params(length=2.5, width=0.6, pad=2, color=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
