"""Figures of head reports: for each measure a map of layers × heads, and its course by layer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.errors import MisuseError
from attnviz.render.figure.finish import finish_figure
from attnviz.render.figure.fonts import FontSet, find_family, measured_in
from attnviz.render.figure.highlight import frame_box
from attnviz.render.figure.image_files import require_alpha, write_image
from attnviz.render.figure.measure_layout import MeasureLayout, MeasureShape, layout_measures
from attnviz.render.figure.measure_panel import MeasurePanel
from attnviz.render.figure.settings import matplotlib_settings
from attnviz.render.figure.titles import FAINT, INK
from attnviz.render.head_report import HeadReport, MeasureColumn
from attnviz.render.safe_text import escape_text
from attnviz.render.style import SEPARATOR, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = re.compile(r"(\d{1,6})\.(\d{1,6})")  # LAYER.HEAD
# Drawn where no measures were requested: the first six that are defined.
DEFAULTS = (
    "entropy", "distance", "sink", "previous token without sink", "duplicate token without sink",
    "induction without sink", "agreement", "effective keys", "top-1 mass", "sparsity",
)  # fmt: skip
N_DEFAULT = 6


def heads_image(report: HeadReport, style: Style, format: str) -> bytes:
    """The figure as a file of a format."""
    require_alpha(format, style)
    made_by = {name: escape_text(value) for name, value in style.made_by.items()}
    return write_image(
        draw_measures(report, style), format, escape_text(report.title), made_by, style
    )


def draw_measures(report: HeadReport, style: Style) -> Figure:
    """One pair of panels per measure: layers × heads in colors, and mean and heads by layer.

    Raises MisuseError for a report without measures, for a figure that would be too large or too
    small, and for a highlighted head that the report lacks.
    """
    from matplotlib.figure import Figure

    columns = drawn_columns(report)
    if not columns:
        raise MisuseError("no head of this map has a value of a measure that a figure could show")
    title = report.title if style.title is None else style.title
    title = escape_text(title) if style.show_title else ""
    if style.font is not None:
        style = replace(style, font=find_family(style.font))
    subtitle = escape_text(figure_subtitle(report))
    fonts = FontSet.of([title, subtitle], style.font)
    framed = find_heads(report, style)
    with matplotlib_settings(("font.family", [*fonts.families])), measured_in(style.font):
        n_layer, n_head = len(report.layers), len(report.heads)
        shape = MeasureShape(n_layer, n_head, len(columns), bool(title), subtitle)
        layout = layout_measures(shape, style)
        figure = Figure(figsize=layout.size, dpi=style.dpi)
        write_header(figure, layout, title, fonts)
        for number, column in enumerate(columns):
            boxes = layout.boxes(number)
            panel = MeasurePanel(report, column, style, layout)
            scale = panel.scale
            axes = figure.add_axes(boxes[0], label=f"{column.name} by head")
            panel.draw_heads(axes, scale, fonts)
            for place in framed:
                frame_box(axes, (place[1] - 0.5, place[0] - 0.5), 1.0)
            panel.draw_course(figure.add_axes(boxes[1], label=f"{column.name} by layer"), scale)
        return finish_figure(figure, style)


def find_heads(report: HeadReport, style: Style) -> list[tuple[int, int]]:
    """The highlighted heads as indices of layers and heads.

    Raises MisuseError for one that the report lacks.
    """
    found = []
    for text in style.highlight:
        match = HEAD.fullmatch(str(text))
        at = (int(match[1]), int(match[2])) if match else None
        if at is None or at not in {(row["layer"], row["head"]) for row in report.rows}:
            raise MisuseError(
                f"--highlight {str(text)!r:.60} is no head of this figure; heads are LAYER.HEAD, "
                f"such as {report.layers[0]}.{report.heads[0]}"
            )
        found.append((report.layers.index(at[0]), report.heads.index(at[1])))
    return found


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


def write_header(figure: Figure, layout: MeasureLayout, title: str, fonts: FontSet) -> None:
    """Title and subtitle, truncated to the width."""
    (width, height), sizes = layout.size, layout.type
    room = width - 2 * sizes.edge

    def write(text: str, points: float, down: float, color: str) -> None:
        place = (sizes.edge / width, 1 - down / height)
        shown = fonts.truncate(text, points, room)
        written = figure.text(*place, shown, fontsize=points, color=color, va="top")
        written.set_label("title" if points == sizes.title else "subtitle")

    top = sizes.edge
    if title:
        write(title, sizes.title, top, INK)
        top += sizes.title_line
    for line in layout.subtitle:
        write(line, sizes.note, top, FAINT)
        top += sizes.note_line
