"""Titles: title, subtitle and notes of a figure, headings and captions of its panels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnviz.render.figure.drawable import ALLOWED, MASKED, Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import FigureLayout
from attnviz.render.figure.masked_hatch import cell_sample
from attnviz.render.figure.text_flow import TextPosition, flow_positions
from attnviz.render.style import SEPARATOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, HAIR = "#1a1a1a", "#595959", "#b8b8b8"
TITLE, HEADING, NAME, NOTE, CAPTION = 14.0, 9.5, 9.0, 8.0, 7.0  # font sizes in points
EDGE = 0.12  # inches of margin around the figure
LINE = 0.16  # inches: line spacing of subtitle, notes and captions
UNDER_TITLE, SAMPLE = 0.26, 0.26  # inches: height of the title; width of a hatch sample


def nonempty(*notes: str) -> tuple[str, ...]:
    """The notes that are not empty."""
    return tuple(note for note in notes if note)


def note_positions(notes: tuple[str, ...], width: float) -> list[TextPosition]:
    """The positions of notes below the title, on a figure of this width in inches."""
    widths = (text_width(note, NOTE) + SAMPLE * (note in (MASKED, ALLOWED)) for note in notes)
    return flow_positions(widths, width - 2 * EDGE, 0.25)


def subtitle_lines(drawable: Drawable, width: float) -> list[str]:
    """The subtitle, wrapped for a figure of this width in inches."""
    lines: list[str] = []
    for word in drawable.subtitle.split():
        extended = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(extended, NOTE) <= 0.98 * (width - 2 * EDGE):
            lines[-1] = extended
        else:
            lines.append(word)
    return lines


def header_height(drawable: Drawable, notes: tuple[str, ...], width: float) -> float:
    """The height above the first panel on a figure of this width, in inches."""
    n_line = len(subtitle_lines(drawable, width))
    n_line += max((at.line + 1 for at in note_positions(notes, width)), default=0)
    return (
        EDGE + UNDER_TITLE + n_line * LINE + (0.04 if n_line else 0.0) + heading_height(drawable)
    )


def heading_height(drawable: Drawable) -> float:
    """The height of a panel heading with its caption, in inches."""
    return 0.2 + LINE * bool(drawable.style.captions)


def new_figure(drawable: Drawable, layout: FigureLayout, notes: tuple[str, ...]) -> Figure:
    """A figure with title, subtitle and notes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=layout.size, dpi=drawable.style.dpi)
    width, height = layout.size
    title = drawable.fonts.truncate(drawable.title, TITLE, width - 2 * EDGE)
    top = 1 - EDGE / height
    figure.text(EDGE / width, top, title, fontsize=TITLE, color=INK, va="top")
    subtitle = subtitle_lines(drawable, width)
    first = EDGE + UNDER_TITLE + LINE / 2
    for number, line in enumerate(subtitle):
        y = 1 - (first + LINE * number) / height
        text = drawable.fonts.truncate(line, NOTE, width - 2 * EDGE)
        figure.text(EDGE / width, y, text, fontsize=NOTE, color=INK, va="center")
    for note, position in zip(notes, note_positions(notes, width), strict=True):
        left, down = EDGE + position.left, first + LINE * (len(subtitle) + position.line)
        if note in (MASKED, ALLOWED):
            sample = layout.fraction_box(left, down - 0.06, SAMPLE - 0.06, 0.12)
            color = drawable.scale.palette.rgb[-1] / 255 if note == ALLOWED else None
            figure.add_artist(cell_sample(sample, color))
            left += SAMPLE
        text = drawable.fonts.truncate(note, NOTE, width - left - EDGE)
        figure.text(left / width, 1 - down / height, text, fontsize=NOTE, color=FAINT, va="center")
    return figure


def add_panels(
    figure: Figure,
    drawable: Drawable,
    layout: FigureLayout,
    spare: float = 0.0,
    *,
    before: float = 0.0,
    above: float = 0.0,
) -> Iterator[tuple[tuple[int, int], Axes]]:
    """The array indices of each head, and its empty panel with heading and caption.

    Headings and captions may be `spare` inches wider than panels; they begin `before` inches
    to the left of them and are raised by `above` inches.
    """
    panel_width = layout.panel[0] + spare
    left, low = -before / layout.panel[0], 4 + 72 * above
    high = low + LINE * 72 * bool(drawable.style.captions)
    headings = drawable.headings(HEADING, panel_width)
    for index, (at, heading) in enumerate(zip(drawable.head_indices(), headings, strict=True)):
        axes = figure.add_axes(layout.panel_box(index))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(heading, loc="left", x=left, fontsize=HEADING, color=INK, pad=high)
        if caption := fit_caption(drawable, drawable.caption(*at), panel_width):
            axes.annotate(
                caption, (left, 1), (0, low), xycoords="axes fraction",
                textcoords="offset points", fontsize=CAPTION, color=FAINT,
            )  # fmt: skip
        yield at, axes


def fit_caption(drawable: Drawable, caption: str, width: float) -> str:
    """The parts of a caption that fit, at least the first one, truncated if needed."""
    width *= 0.98  # rendered text is wider by rounding to dots
    parts = caption.split(SEPARATOR)
    while len(parts) > 1 and text_width(SEPARATOR.join(parts), CAPTION) > width:
        parts.pop()
    return drawable.fonts.truncate(SEPARATOR.join(parts), CAPTION, width)
