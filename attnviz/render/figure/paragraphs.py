"""Paragraphs: the words of the text view, with the color and the weight of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from math import inf

from attnviz.record import Record
from attnviz.render.colors import WHITE
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.text_flow import TextPosition, flow_positions
from attnviz.render.figure.type_sizes import SMALLEST, TypeSizes

WORD, NUMBER = 11.0, 6.5  # font sizes in points at full size
MAX_WORD = 3.0  # inches


class WordSizes(Record):
    """Font sizes of words and their values, in points, and the lengths of boxes in inches."""

    word: float
    number: float
    side: float  # padding beside a word
    between: float  # gap between words
    after: float  # space after a paragraph

    @classmethod
    def of(cls, sizes: TypeSizes) -> WordSizes:
        """The sizes that suit those of the figure."""
        factor = sizes.factor
        word, number = max(SMALLEST + 0.5, WORD * factor), max(SMALLEST, NUMBER * factor)
        return cls(word, number, 0.07 * factor, 0.05 * factor, 0.16 * factor)

    @property
    def word_line(self) -> float:
        """The height of a word, in inches."""
        return 1.5 * self.word / 72

    @property
    def height(self) -> float:
        """The height of a word with its value, in inches."""
        return self.word_line + 1.35 * self.number / 72

    @property
    def step(self) -> float:
        """The line spacing, in inches."""
        return self.height + 1.2 * self.between


class Word(Record):
    """A key or the remainder (∅, Σ), with its value and background color."""

    text: str
    number: str
    rgb: tuple[int, int, int] | None  # None: masked
    is_query: bool = False

    def width(self, sizes: WordSizes) -> float:
        """The width of the background, in inches."""
        widths = text_width(self.text, sizes.word), text_width(self.number, sizes.number)
        return max(widths) + 2 * sizes.side


class Paragraph(Record):
    """The words of a head and their positions."""

    words: tuple[Word, ...]
    positions: tuple[TextPosition, ...]
    sizes: WordSizes

    @classmethod
    def of(
        cls,
        words: Iterable[Word],
        sizes: WordSizes,
        wide: float = inf,
        breaks: Collection[int] = (),
    ) -> Paragraph:
        """Words wrapped into lines of at most `wide` inches; new lines begin at `breaks`."""
        words = tuple(words)
        widths = (word.width(sizes) for word in words)
        positions = flow_positions(widths, wide, sizes.between, breaks)
        return cls(words, tuple(positions), sizes)

    @property
    def wide(self) -> float:
        """The length of the longest line, in inches."""
        pairs = zip(self.words, self.positions, strict=True)
        return max(position.left + word.width(self.sizes) for word, position in pairs)

    @property
    def tall(self) -> float:
        """The height with the space after it, without heading, in inches."""
        return self.sizes.step * (self.positions[-1].line + 1) + self.sizes.after


def key_words(
    drawable: Drawable, at: tuple[int, int], query: int, sizes: WordSizes, wide: float
) -> Iterator[Word]:
    """The keys of one head with their weights, then the remainder if any.

    Words are at most `wide` inches long. Where queries are keys, that of the query is marked.
    """
    drawable = drawable.of_head(at)
    row, masked = drawable.amap.weights[at][query], drawable.masked[at][query]
    has_values = drawable.style.annotate is not False
    marked = query if drawable.queries == drawable.keys else None
    longest = min(MAX_WORD, wide - 2 * sizes.side)
    for k, (key, rgb) in enumerate(zip(drawable.keys, drawable.scale.rgb(row), strict=True)):
        text = drawable.fonts.truncate(key, sizes.word, longest)
        if masked[k]:
            yield Word(text, "", None, k == marked)
        else:
            red, green, blue = rgb.tolist()
            value = drawable.format_weight(row[k]) if has_values else ""
            yield Word(text, value, (red, green, blue), k == marked)
    column = drawable.remainder
    if column is not None:
        yield Word(column.mark, drawable.format_weight(column.values[at][query]), WHITE)
