"""The text view: the keys as running text, each on the colour of the weight one query gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.colors import WHITE, ink
from attnviz.render.figure.colorbar import BAR_ROOM, colour_bar
from attnviz.render.figure.drawable import HIDDEN, Subject
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.layout import BAR_LEAST, Room, Sheet, refuse_size
from attnviz.render.figure.masked_hatch import LOOK
from attnviz.render.figure.text_flow import Spot, flow
from attnviz.render.figure.titles import (
    CAPTION,
    EDGE,
    FAINT,
    HAIR,
    HEADING,
    INK,
    NOTE,
    blank,
    brief,
    head_room,
    notes_on,
)
from attnviz.render.style import query_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, LEAST_WIDE = 10.0, 4.0  # inches, where nobody asks for a size
WORD, NUMBER = 11.0, 6.5  # points
HIGH, STEP = 0.36, 0.42  # inches: a word with its number; from one line to the next
SIDE, BETWEEN = 0.07, 0.05  # inches beside a word, and from one to the next
LONGEST_WORD = 3.0
HEAD = 0.26  # inches from a heading to its text
AFTER = 0.16  # inches after the text of a head


class Word(Record):
    """A key in the text, or what follows the keys."""

    text: str
    number: str
    rgb: tuple[int, int, int] | None  # of its ground; None: hidden

    @property
    def width(self) -> float:
        """How wide its ground is, in inches."""
        return max(width_of(self.text, WORD), width_of(self.number, NUMBER)) + 2 * SIDE


class Paragraph(Record):
    """The words of a head, and where they stand."""

    words: tuple[Word, ...]
    spots: tuple[Spot, ...]

    @classmethod
    def of(cls, words: Iterable[Word], wide: float) -> Paragraph:
        """Words in lines that are no longer than `wide` inches."""
        words = tuple(words)
        return cls(words, tuple(flow((word.width for word in words), wide, BETWEEN)))

    @property
    def wide(self) -> float:
        """How long its longest line is, in inches."""
        return max(s.left + w.width for w, s in zip(self.words, self.spots, strict=True))

    @property
    def tall(self) -> float:
        """How high it is with its heading and what follows it, in inches."""
        return HEAD + STEP * (self.spots[-1].line + 1) + AFTER


def sentence(subject: Subject) -> Figure:
    """A paragraph a head: how one query looks at the text."""
    query = query_of(subject.amap, subject.style)
    asker = subject.letters.cut(subject.queries[query], NOTE, LONGEST_WORD)
    unseen = HIDDEN if subject.hidden[:, :, query].any() else ""
    notes = notes_on(f"query {query}, {asker}, looks at these keys", unseen)
    sheet, paragraphs = arrange(subject, query, notes)
    figure = blank(subject, sheet, notes)
    axes = figure.add_axes(sheet.place(0))
    axes.set_axis_off()
    top = 0.0
    for place, paragraph in zip(subject.heads(), paragraphs, strict=True):
        put_heading(axes, subject, place, top, sheet.panel[0])
        for word, spot in zip(paragraph.words, paragraph.spots, strict=True):
            put_word(axes, word, spot.left, top + HEAD + spot.line * STEP)
        top += paragraph.tall
    axes.set(xlim=(0, sheet.panel[0]), ylim=(sheet.panel[1], 0))
    colour_bar(figure, subject, sheet)
    return figure


def arrange(subject: Subject, query: int, notes: tuple[str, ...]) -> tuple[Sheet, list[Paragraph]]:
    """The sheet, and the paragraphs that stand on it.

    Raises MisuseError where the text does not fit the size that was asked for.
    """
    size, beside = subject.style.size, BAR_ROOM + 2 * EDGE
    wide = (size[0] if size else WIDE) - beside
    paragraphs = [Paragraph.of(words_of(subject, at, query), wide) for at in subject.heads()]
    if not size:
        wide = max(LEAST_WIDE, *(paragraph.wide for paragraph in paragraphs))
    top = head_room(subject, notes, wide + beside)
    tall = max(BAR_LEAST, sum(paragraph.tall for paragraph in paragraphs))
    made = size or (wide + beside, top + tall + EDGE)
    what = f"{subject.n_panel} paragraphs of {len(subject.keys)} tokens"
    refuse_size(made, subject.style.dpi, what)
    if wide <= 0 or top + tall + EDGE > made[1] + 1e-9:
        raise MisuseError(
            f"a picture of {made[0]:g} × {made[1]:g} inches has no room for {what}; "
            "ask for a larger --size, or for less with --layer and --head"
        )
    room = Room(left=EDGE, right=beside - EDGE, top=top, bottom=EDGE, across=0.0, down=0.0)
    return Sheet(columns=1, rows=1, panel=(wide, tall), room=room, size=made), paragraphs


def words_of(subject: Subject, place: tuple[int, int], query: int) -> Iterator[Word]:
    """The keys of one head with their weights, then ∅ or Σ where the map needs it."""
    row, hidden = subject.amap.weights[place][query], subject.hidden[place][query]
    numbered = subject.style.annotate is not False
    for k, (key, rgb) in enumerate(zip(subject.keys, subject.scale.rgb(row), strict=True)):
        text = subject.letters.cut(key, WORD, LONGEST_WORD)
        if hidden[k]:
            yield Word(text, "", None)
        else:
            red, green, blue = rgb.tolist()
            yield Word(text, subject.number(row[k]) if numbered else "", (red, green, blue))
    column = subject.column
    if column is not None:
        yield Word(column.mark, subject.number(column.values[place][query]), WHITE)


def put_heading(
    axes: Axes, subject: Subject, place: tuple[int, int], top: float, wide: float
) -> None:
    """The name of a head and its caption."""
    heading = subject.letters.cut(subject.heading(*place), HEADING, wide)
    axes.text(0, top + HEAD / 2, heading, size=HEADING, color=INK, va="center_baseline")
    left = width_of(heading, HEADING) + 0.2
    caption = brief(subject, subject.caption(*place), max(0.0, wide - left))
    axes.text(left, top + HEAD / 2, caption, size=CAPTION, color=FAINT, va="center_baseline")


def put_word(axes: Axes, word: Word, left: float, top: float) -> None:
    """A word on its ground, its number below it."""
    from matplotlib.patches import Rectangle

    look = LOOK if word.rgb is None else {"facecolor": [c / 255 for c in word.rgb]}
    outline = {"edgecolor": HAIR, "linewidth": 0.6} if word.rgb else {}
    axes.add_patch(Rectangle((left, top), word.width, HIGH, clip_on=False, **{**look, **outline}))
    color = FAINT if word.rgb is None else [c / 255 for c in ink(word.rgb)]
    middle = left + word.width / 2
    for text, size, down in (
        (word.text, WORD, 0.13 if word.number else HIGH / 2),
        (word.number, NUMBER, 0.285),
    ):
        axes.text(
            middle, top + down, text, size=size, color=color, ha="center", va="center_baseline"
        )
