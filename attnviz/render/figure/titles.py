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
HATCH_SAMPLE = 2.3  # width of a sample of masked cells and the space after it, in font sizes
NOTES_APART = 2.2  # space between two notes, in font sizes
ROUNDING = 0.96  # of a width: rendered text is wider by rounding to dots


def nonempty(*notes: str) -> tuple[str, ...]:
    """The notes that are not empty."""
    return tuple(note for note in notes if note)


def note_positions(drawable: Drawable, notes: tuple[str, ...], width: float) -> list[TextPosition]:
    """The positions of notes below the title, on a figure of this width in inches."""
    points = drawable.type.note
    widths = (
        text_width(note, points) + sample_width(drawable) * (note in (MASKED, ALLOWED))
        for note in notes
    )
    length = width - 2 * drawable.type.edge
    return flow_positions(widths, length, NOTES_APART * points / 72)


def sample_width(drawable: Drawable) -> float:
    """The width of a sample of cells in the legend and the space after it, in inches."""
    return HATCH_SAMPLE * drawable.type.note / 72


def subtitle_lines(drawable: Drawable, width: float) -> list[str]:
    """The subtitle, wrapped for a figure of this width in inches, unless beside the title."""
    lines: list[str] = []
    if inline_subtitle(drawable, width):
        return lines
    length = ROUNDING * (width - 2 * drawable.type.edge)
    for word in drawable.subtitle.split():
        extended = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(extended, drawable.type.note) <= length:
            lines[-1] = extended
        else:
            lines.append(word)
    return lines


def inline_subtitle(drawable: Drawable, width: float) -> float | None:
    """The left end of a subtitle beside the title, in inches; None if it is below."""
    sizes = drawable.type
    left = sizes.edge + text_width(drawable.title, sizes.title) + 2 * sizes.between
    fits = left + text_width(drawable.subtitle, sizes.note) <= width - sizes.edge
    return left if drawable.is_inline and fits else None


def title_height(drawable: Drawable) -> float:
    """The height from the upper edge of the figure to the end of the title, in inches."""
    return drawable.type.edge + (drawable.type.title_line if drawable.title else 0.0)


def header_height(drawable: Drawable, notes: tuple[str, ...], width: float) -> float:
    """The height above the first panel on a figure of this width, in inches."""
    n_line = len(subtitle_lines(drawable, width))
    n_line += max((at.line + 1 for at in note_positions(drawable, notes, width)), default=0)
    return (
        title_height(drawable)
        + n_line * drawable.type.note_line
        + (0.04 if n_line or not drawable.has_headings else 0.0)
        + heading_height(drawable)
    )


def heading_height(drawable: Drawable) -> float:
    """The height of a panel heading with its caption, in inches."""
    heading = drawable.type.heading_line if drawable.has_headings else 0.0
    return heading + drawable.type.caption_line * bool(drawable.style.captions)


def new_figure(drawable: Drawable, layout: FigureLayout, notes: tuple[str, ...]) -> Figure:
    """A figure with title, subtitle and notes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=layout.size, dpi=drawable.style.dpi)
    sizes, (width, height) = drawable.type, layout.size
    add_title(figure, drawable, layout)
    subtitle = subtitle_lines(drawable, width)
    first = title_height(drawable) + sizes.note_line / 2
    for number, line in enumerate(subtitle):
        y = 1 - (first + sizes.note_line * number) / height
        text = drawable.fonts.truncate(line, sizes.note, width - 2 * sizes.edge)
        figure.text(sizes.edge / width, y, text, fontsize=sizes.note, color=INK, va="center")
    for note, position in zip(notes, note_positions(drawable, notes, width), strict=True):
        left = sizes.edge + position.left
        down = first + sizes.note_line * (len(subtitle) + position.line)
        if note in (MASKED, ALLOWED):
            left += add_sample(figure, drawable, layout, note, (left, down))
        text = drawable.fonts.truncate(note, sizes.note, width - left - sizes.edge)
        figure.text(
            left / width, 1 - down / height, text, fontsize=sizes.note, color=FAINT, va="center"
        )
    return figure


def add_title(figure: Figure, drawable: Drawable, layout: FigureLayout) -> None:
    """Write the title, and a subtitle that is beside it."""
    sizes, (width, height) = drawable.type, layout.size
    title = drawable.fonts.truncate(drawable.title, sizes.title, width - 2 * sizes.edge)
    baseline = 1 - (sizes.edge + 0.8 * sizes.title / 72) / height
    if title:
        place = (sizes.edge / width, baseline)
        text = figure.text(*place, title, fontsize=sizes.title, color=INK, va="baseline")
        text.set_label("title")
    if left := inline_subtitle(drawable, width):
        subtitle = drawable.fonts.substitute(drawable.subtitle)
        figure.text(
            left / width, baseline, subtitle, fontsize=sizes.note, color=INK, va="baseline"
        )


def add_sample(
    figure: Figure, drawable: Drawable, layout: FigureLayout, note: str, at: tuple[float, float]
) -> float:
    """Draw a sample of masked or allowed cells at (left, down) inches; its width."""
    width, high = sample_width(drawable), drawable.type.note / 72
    box = layout.fraction_box(at[0], at[1] - high / 2, 0.77 * width, high)
    color = drawable.scale.palette.rgb[-1] / 255 if note == ALLOWED else None
    figure.add_artist(cell_sample(box, color))
    return width


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
    sizes, panel_width = drawable.type, layout.panel[0] + spare
    left, low = -before / layout.panel[0], 3 + 72 * above
    high = low + sizes.caption_line * 72 * bool(drawable.style.captions)
    headings = drawable.headings(sizes.heading, panel_width)
    captions = fit_captions(drawable, panel_width)
    for index, (at, heading) in enumerate(zip(drawable.head_indices(), headings, strict=True)):
        axes = figure.add_axes(layout.panel_box(index), label=drawable.amap.head_name(*at))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(heading, loc="left", x=left, fontsize=sizes.heading, color=INK, pad=high)
        if captions[index]:
            axes.annotate(
                captions[index], (left, 1), (0, low), xycoords="axes fraction",
                textcoords="offset points", fontsize=sizes.caption, color=FAINT,
            )  # fmt: skip
        yield at, axes


def fit_captions(drawable: Drawable, width: float) -> list[str]:
    """The captions of all heads, each with as many parts as fit in every one of them."""
    captions = [drawable.caption(*at) for at in drawable.head_indices()]
    n_part = min((count_fitting(drawable, c, width) for c in captions if c), default=1)
    return [
        fit_caption(drawable, SEPARATOR.join(c.split(SEPARATOR)[:n_part]), width) for c in captions
    ]


def captions_fit(drawable: Drawable, width: float) -> bool:
    """Whether the first part of every caption fits, which is truncated otherwise."""
    captions = (drawable.caption(*at) for at in drawable.head_indices())
    firsts = (caption.partition(SEPARATOR)[0] for caption in captions)
    return all(text_width(x, drawable.type.caption) <= ROUNDING * width for x in firsts)


def count_fitting(drawable: Drawable, caption: str, width: float) -> int:
    """How many parts of a caption fit; at least one."""
    parts = caption.split(SEPARATOR)
    fitting = (
        n
        for n in range(len(parts), 1, -1)
        if text_width(SEPARATOR.join(parts[:n]), drawable.type.caption) <= ROUNDING * width
    )
    # A caption with few parts does not limit the others.
    return next((n if n < len(parts) else 1_000 for n in fitting), 1 if parts[1:] else 1_000)


def fit_caption(drawable: Drawable, caption: str, width: float) -> str:
    """The parts of a caption that fit, at least the first one, its words truncated if needed."""
    parts = caption.split(SEPARATOR)[: count_fitting(drawable, caption, width)]
    text = SEPARATOR.join(parts)
    return drawable.fonts.shorten(text, drawable.type.caption, ROUNDING * width)
