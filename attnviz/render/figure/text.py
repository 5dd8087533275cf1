"""The text view: the keys as running text, colored by the weights of one query."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attnviz.record import Record
from attnviz.render.colors import contrast_ink
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import MASKED, Drawable
from attnviz.render.figure.figure_plan import FigurePlan
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import MIN_COLORBAR, FigureLayout, Margins
from attnviz.render.figure.masked_hatch import HATCH
from attnviz.render.figure.page_size import Page, TooSmallError, check_size
from attnviz.render.figure.paragraphs import MAX_WORD, Paragraph, Word, WordSizes, key_words
from attnviz.render.figure.titles import (
    FAINT,
    HAIR,
    INK,
    fit_caption,
    header_height,
    heading_height,
    new_figure,
    nonempty,
)
from attnviz.render.segment_borders import find_borders
from attnviz.render.style import query_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_WIDTH, MIN_WIDTH = 10.0, 4.0  # inches, of the text without a requested size
LEAST = 0.6  # inches, of the text at a requested width


class TextLayout(Record):
    """The layout of a figure of paragraphs, one per head, and its notes."""

    layout: FigureLayout
    paragraphs: tuple[Paragraph, ...]
    heading: float  # inches
    notes: tuple[str, ...]


def plan_text_view(drawable: Drawable) -> FigurePlan:
    """One paragraph per head: the weights of one query."""
    arranged = arrange_paragraphs(drawable, query_index(drawable.amap, drawable.style))
    return FigurePlan(arranged.layout, partial(draw_text_view, drawable, arranged))


def draw_text_view(drawable: Drawable, arranged: TextLayout) -> Figure:
    """Draw the paragraphs of all heads."""
    layout = arranged.layout
    figure = new_figure(drawable, layout, arranged.notes)
    axes = figure.add_axes(layout.panel_box(0), label="text")
    axes.set_axis_off()
    top = 0.0
    for at, paragraph in zip(drawable.head_indices(), arranged.paragraphs, strict=True):
        if arranged.heading:
            draw_heading(axes, drawable, at, top + arranged.heading / 2, layout.panel[0])
        top += arranged.heading
        for word, position in zip(paragraph.words, paragraph.positions, strict=True):
            down = top + position.line * paragraph.sizes.step
            draw_word(axes, word, paragraph.sizes, position.left, down)
        top += paragraph.tall
    axes.set(xlim=(0, layout.panel[0]), ylim=(layout.panel[1], 0))
    draw_colorbars(figure, drawable, layout)
    return figure


def text_notes(drawable: Drawable, query: int) -> tuple[str, ...]:
    """Which query the weights are of, and the legend."""
    label = drawable.fonts.truncate(drawable.queries[query], drawable.type.note, MAX_WORD)
    masked = drawable.masked[:, :, query]
    return nonempty(
        f"attention from query {query} ({label}) to each key",
        MASKED if masked.any() else "",
        drawable.scales.outside_note(drawable.amap.weights[:, :, query], masked),
    )


def arrange_paragraphs(drawable: Drawable, query: int) -> TextLayout:
    """The layout and the paragraphs.

    Raises TooSmallError if the text does not fit the requested size.
    """
    page, sizes = Page.of(drawable.style), WordSizes.of(drawable.type)
    edge, notes = drawable.type.edge, text_notes(drawable, query)
    beside = colorbars_width(drawable) + 2 * edge
    wide = (page.width if page.fixed_width else MAX_WIDTH) - beside
    breaks = find_borders(drawable.amap.keys)
    paragraphs = tuple(
        Paragraph.of(key_words(drawable, at, query, sizes, wide), sizes, wide, breaks)
        for at in drawable.head_indices()
    )
    if not page.fixed_width:
        wide = max(MIN_WIDTH, *(paragraph.wide for paragraph in paragraphs))
    has_headings = drawable.has_headings or bool(drawable.style.row_captions)
    heading = 1.25 * drawable.type.heading_line if has_headings else 0.0
    top = header_height(drawable, notes, wide + beside) - heading_height(drawable)
    tall = max(MIN_COLORBAR, sum(heading + paragraph.tall for paragraph in paragraphs))
    height = page.height if page.fixed_height else top + tall + edge
    what = f"{drawable.n_panel} paragraphs of {len(drawable.keys)} tokens"
    check_size((wide + beside, height), drawable.style.dpi, what)
    if wide < LEAST or top + tall + edge > height + 1e-9:
        raise TooSmallError(f"{page} are too small for {what}")
    margins = Margins(left=edge, right=beside - edge, top=top, bottom=edge, across=0.0, down=0.0)
    layout = FigureLayout(
        columns=1, rows=1, panel=(wide, tall), margins=margins, size=(wide + beside, height)
    )
    return TextLayout(layout, paragraphs, heading, notes)


def draw_heading(
    axes: Axes, drawable: Drawable, at: tuple[int, int], middle: float, wide: float
) -> None:
    """Draw the name of a head and its caption."""
    sizes, left = drawable.type, 0.0
    if drawable.has_headings:
        heading = drawable.fonts.shorten(drawable.heading(*at), sizes.heading, wide)
        axes.text(0, middle, heading, size=sizes.heading, color=INK, va="center_baseline")
        left = text_width(heading, sizes.heading) + 2 * sizes.between
    caption = fit_caption(drawable, drawable.row_caption(*at), max(0.0, wide - left))
    axes.text(left, middle, caption, size=sizes.caption, color=FAINT, va="center_baseline")


def draw_word(axes: Axes, word: Word, sizes: WordSizes, left: float, top: float) -> None:
    """Draw a word on its background, with its value below; the query has a dark outline."""
    from matplotlib.patches import Rectangle

    fill = HATCH if word.rgb is None else {"facecolor": [c / 255 for c in word.rgb]}
    outline = {"edgecolor": HAIR, "linewidth": 0.6} if word.rgb else {}
    width = word.width(sizes)
    axes.add_patch(
        Rectangle((left, top), width, sizes.height, clip_on=False, **{**fill, **outline})
    )
    if word.is_query:
        mark = Rectangle((left, top), width, sizes.height, fill=False, clip_on=False)
        mark.set(edgecolor=INK, linewidth=1.4, label="query", zorder=2)
        axes.add_patch(mark)
    color = FAINT if word.rgb is None else [c / 255 for c in contrast_ink(word.rgb)]
    down = sizes.word_line / 2 if word.number else sizes.height / 2
    below = sizes.word_line + 0.5 * sizes.number / 72
    for text, points, y in ((word.text, sizes.word, down), (word.number, sizes.number, below)):
        axes.text(
            left + width / 2, top + y, text, size=points, color=color,
            ha="center", va="center_baseline",
        )  # fmt: skip
