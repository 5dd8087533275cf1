"""The text view: the keys as running text, colored by the weights of one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.colors import WHITE, contrast_ink
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import MASKED, Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import MIN_COLORBAR, FigureLayout, Margins, check_size
from attnviz.render.figure.masked_hatch import HATCH
from attnviz.render.figure.text_flow import TextPosition, flow_positions
from attnviz.render.figure.titles import (
    CAPTION,
    EDGE,
    FAINT,
    HAIR,
    HEADING,
    INK,
    NOTE,
    fit_caption,
    header_height,
    new_figure,
    nonempty,
)
from attnviz.render.segment_borders import find_borders
from attnviz.render.style import query_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_WIDTH, MIN_WIDTH = 10.0, 4.0  # inches, of the text without a requested size
WORD, NUMBER = 11.0, 6.5  # font sizes in points
HEIGHT, STEP = 0.36, 0.42  # inches: height of a word with its value; line spacing
SIDE, BETWEEN = 0.07, 0.05  # inches: padding beside a word; gap between words
MAX_WORD = 3.0  # inches
HEAD = 0.26  # inches: height of a heading
AFTER = 0.16  # inches: space after a paragraph


class Word(Record):
    """A key or the remainder (∅, Σ), with its value and background color."""

    text: str
    number: str
    rgb: tuple[int, int, int] | None  # None: masked

    @property
    def width(self) -> float:
        """The width of the background, in inches."""
        return max(text_width(self.text, WORD), text_width(self.number, NUMBER)) + 2 * SIDE


class Paragraph(Record):
    """The words of a head and their positions."""

    words: tuple[Word, ...]
    positions: tuple[TextPosition, ...]

    @classmethod
    def of(cls, words: Iterable[Word], wide: float, breaks: Collection[int] = ()) -> Paragraph:
        """Words wrapped into lines of at most `wide` inches; new lines begin at `breaks`."""
        words = tuple(words)
        widths = (word.width for word in words)
        return cls(words, tuple(flow_positions(widths, wide, BETWEEN, breaks)))

    @property
    def wide(self) -> float:
        """The length of the longest line, in inches."""
        return max(p.left + w.width for w, p in zip(self.words, self.positions, strict=True))

    @property
    def tall(self) -> float:
        """The height with heading and the space after it, in inches."""
        return HEAD + STEP * (self.positions[-1].line + 1) + AFTER


def draw_text_view(drawable: Drawable) -> Figure:
    """One paragraph per head: the weights of one query."""
    query = query_index(drawable.amap, drawable.style)
    label = drawable.fonts.truncate(drawable.queries[query], NOTE, MAX_WORD)
    masked = drawable.masked[:, :, query]
    notes = nonempty(
        f"attention from query {query} ({label}) to each key",
        MASKED if masked.any() else "",
        drawable.scales.outside_note(drawable.amap.weights[:, :, query], masked),
    )
    layout, paragraphs = arrange_paragraphs(drawable, query, notes)
    figure = new_figure(drawable, layout, notes)
    axes = figure.add_axes(layout.panel_box(0))
    axes.set_axis_off()
    top = 0.0
    for at, paragraph in zip(drawable.head_indices(), paragraphs, strict=True):
        draw_heading(axes, drawable, at, top, layout.panel[0])
        for word, position in zip(paragraph.words, paragraph.positions, strict=True):
            draw_word(axes, word, position.left, top + HEAD + position.line * STEP)
        top += paragraph.tall
    axes.set(xlim=(0, layout.panel[0]), ylim=(layout.panel[1], 0))
    draw_colorbars(figure, drawable, layout)
    return figure


def arrange_paragraphs(
    drawable: Drawable, query: int, notes: tuple[str, ...]
) -> tuple[FigureLayout, list[Paragraph]]:
    """The layout and the paragraphs.

    Raises MisuseError if the text does not fit the requested size.
    """
    size, beside = drawable.style.size, colorbars_width(drawable) + 2 * EDGE
    wide = (size[0] if size else MAX_WIDTH) - beside
    breaks = find_borders(drawable.amap.keys)
    paragraphs = [
        Paragraph.of(key_words(drawable, at, query), wide, breaks)
        for at in drawable.head_indices()
    ]
    if not size:
        wide = max(MIN_WIDTH, *(paragraph.wide for paragraph in paragraphs))
    top = header_height(drawable, notes, wide + beside)
    tall = max(MIN_COLORBAR, sum(paragraph.tall for paragraph in paragraphs))
    figure_size = size or (wide + beside, top + tall + EDGE)
    what = f"{drawable.n_panel} paragraphs of {len(drawable.keys)} tokens"
    check_size(figure_size, drawable.style.dpi, what)
    if wide <= 0 or top + tall + EDGE > figure_size[1] + 1e-9:
        raise MisuseError(
            f"{figure_size[0]:g} × {figure_size[1]:g} inches are too small for {what}; "
            "increase --size, or select fewer heads with --layer and --head"
        )
    margins = Margins(left=EDGE, right=beside - EDGE, top=top, bottom=EDGE, across=0.0, down=0.0)
    return FigureLayout(
        columns=1, rows=1, panel=(wide, tall), margins=margins, size=figure_size
    ), paragraphs


def key_words(drawable: Drawable, at: tuple[int, int], query: int) -> Iterator[Word]:
    """The keys of one head with their weights, then the remainder if any."""
    drawable = drawable.of_head(at)
    row, masked = drawable.amap.weights[at][query], drawable.masked[at][query]
    has_values = drawable.style.annotate is not False
    for k, (key, rgb) in enumerate(zip(drawable.keys, drawable.scale.rgb(row), strict=True)):
        text = drawable.fonts.truncate(key, WORD, MAX_WORD)
        if masked[k]:
            yield Word(text, "", None)
        else:
            red, green, blue = rgb.tolist()
            value = drawable.format_weight(row[k]) if has_values else ""
            yield Word(text, value, (red, green, blue))
    column = drawable.remainder
    if column is not None:
        yield Word(column.mark, drawable.format_weight(column.values[at][query]), WHITE)


def draw_heading(
    axes: Axes, drawable: Drawable, at: tuple[int, int], top: float, wide: float
) -> None:
    """Draw the name of a head and its caption."""
    heading = drawable.fonts.truncate(drawable.heading(*at), HEADING, wide)
    axes.text(0, top + HEAD / 2, heading, size=HEADING, color=INK, va="center_baseline")
    left = text_width(heading, HEADING) + 0.2
    caption = fit_caption(drawable, drawable.row_caption(*at), max(0.0, wide - left))
    axes.text(left, top + HEAD / 2, caption, size=CAPTION, color=FAINT, va="center_baseline")


def draw_word(axes: Axes, word: Word, left: float, top: float) -> None:
    """Draw a word on its background, with its value below."""
    from matplotlib.patches import Rectangle

    fill = HATCH if word.rgb is None else {"facecolor": [c / 255 for c in word.rgb]}
    outline = {"edgecolor": HAIR, "linewidth": 0.6} if word.rgb else {}
    axes.add_patch(
        Rectangle((left, top), word.width, HEIGHT, clip_on=False, **{**fill, **outline})
    )
    color = FAINT if word.rgb is None else [c / 255 for c in contrast_ink(word.rgb)]
    middle = left + word.width / 2
    for text, size, down in (
        (word.text, WORD, 0.13 if word.number else HEIGHT / 2),
        (word.number, NUMBER, 0.285),
    ):
        axes.text(
            middle, top + down, text, size=size, color=color, ha="center", va="center_baseline"
        )
