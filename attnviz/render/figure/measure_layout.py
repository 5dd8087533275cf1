"""Layout of the figures of head measures: a map of heads and a course by layer per measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.page_size import Page, TooSmallError, check_size
from attnviz.render.figure.smallest_size import smallest_size
from attnviz.render.figure.type_sizes import SMALLEST as SMALLEST_TYPE
from attnviz.render.figure.type_sizes import SMALLEST_FACTOR, TypeSizes
from attnviz.render.style import Style

ACROSS = 3  # measures side by side
CELL, SMALLEST, LARGEST = 0.22, 1.3, 4.2  # inches: side of a cell, sides of a map of heads
COURSE = 1.5  # inches: width of a course by layer
LEAST_WIDE, LEAST_TALL = 0.6, 0.35  # inches, of a panel at a requested size
BETWEEN, RIGHT, GAP = 0.55, 0.35, 0.08  # inches beside panels and between rows, at full size
UPRIGHT = 1.3  # of its width: the height of a figure that needs no smaller panels
ENOUGH = 0.55  # of the natural size of a panel: type need not be smaller
STEP = 0.88  # from one factor of the type to the next


class MeasureShape(Record):
    """The number of layers, of heads, and of measures; whether there is a title; the subtitle."""

    n_layer: int
    n_head: int
    n_measure: int
    has_title: bool = True
    subtitle: str = ""

    @property
    def natural(self) -> tuple[float, float]:
        """The width and height of a map of heads without a requested size."""
        wide, tall = (min(max(CELL * n, SMALLEST), LARGEST) for n in (self.n_head, self.n_layer))
        return wide, tall


class MeasureLayout(Record):
    """Sizes of a figure and of its panels, in inches; `panel` is the map of heads.

    `subtitle` has its lines, two at most.
    """

    across: int
    type: TypeSizes
    size: tuple[float, float]
    header: float
    panel: tuple[float, float]
    course: float
    subtitle: tuple[str, ...] = ()

    @property
    def left(self) -> float:
        """The room for the numbers of layers and the name of their axis, in inches."""
        return self.type.edge + (1.4 * self.type.note + 2.2 * tick_points(self.type)) / 72

    @property
    def above(self) -> float:
        """The room for the name of a measure."""
        return self.type.heading_line + 6 / 72

    @property
    def below(self) -> float:
        """The room for ticks, the name of their axis, and the gap to the next row."""
        return (1.3 * tick_points(self.type) + 1.5 * self.type.note + 6) / 72 + GAP

    @property
    def pitch(self) -> tuple[float, float]:
        """The distance from one measure to the next, across and down."""
        beside = self.left + (BETWEEN + RIGHT) * self.type.factor
        return beside + self.panel[0] + self.course, self.above + self.panel[1] + self.below

    def boxes(self, number: int) -> tuple[tuple[float, float, float, float], ...]:
        """The boxes of the map and the course of a measure, as fractions of the figure."""
        row, place = divmod(number, self.across)
        left = place * self.pitch[0] + self.left
        top = self.header + row * self.pitch[1] + self.above
        after = left + self.panel[0] + BETWEEN * self.type.factor
        (w, h), tall = self.size, self.panel[1]
        return tuple(
            (x / w, 1 - (top + tall) / h, wide / w, tall / h)
            for x, wide in ((left, self.panel[0]), (after, self.course))
        )

    def score(self, shape: MeasureShape) -> float:
        """The smallest side of a panel relative to its natural size, at most 1; less if tall."""
        wide, tall = shape.natural
        sides = self.panel[0] / wide, self.panel[1] / tall, self.course / COURSE
        return min(1.0, *sides) * min(1.0, UPRIGHT * self.size[0] / self.size[1])

    @property
    def has_room(self) -> bool:
        """Whether panels are large enough for their labels."""
        return min(self.panel[0], self.course) >= LEAST_WIDE and self.panel[1] >= LEAST_TALL


def layout_measures(shape: MeasureShape, style: Style) -> MeasureLayout:
    """The layout at the requested size.

    Raises MisuseError for a figure that would be too large, and for a size that is too small,
    with the smallest that works.
    """
    try:
        return fit_measures(shape, style)
    except TooSmallError as error:
        works = smallest_size(lambda other: fit_measures(shape, other), style)
        hint = f"; the smallest that works is {works}" if works else ""
        raise TooSmallError(f"{error}{hint}, or choose some with --measure") from None


def fit_measures(shape: MeasureShape, style: Style) -> MeasureLayout:
    """The layout with the largest type that leaves enough room for panels, else most room."""
    if style.columns is not None and shape.n_measure == 1:
        raise MisuseError("--columns has no effect on one measure")
    n = shape.n_measure
    page, what = Page.of(style), f"{n} measure{'s' if n > 1 else ''}"
    check_size((page.width, page.height), style.dpi, what)
    found: list[MeasureLayout] = []
    for factor in type_factors(page):
        found += layouts(shape, style, page, TypeSizes.scaled(factor))
        if max(each.score(shape) * each.has_room for each in found) >= ENOUGH:
            break
    enough = (each for each in found if each.score(shape) >= ENOUGH)
    most = max(found, key=lambda each: (each.has_room, each.score(shape)))
    chosen = next((each for each in enough if each.has_room), most)
    check_size(chosen.size, style.dpi, what)
    if not chosen.has_room:
        raise TooSmallError(f"{page} are too small for {what}")
    return chosen


def type_factors(page: Page) -> Iterator[float]:
    """The factors of the type that are tried, in this order."""
    factor = page.type_factor
    yield factor
    while page.fixed_width and page.font_size is None and factor > SMALLEST_FACTOR:
        factor = max(SMALLEST_FACTOR, STEP * factor)
        yield factor


def layouts(
    shape: MeasureShape, style: Style, page: Page, sizes: TypeSizes
) -> Iterator[MeasureLayout]:
    """The layouts with this type, with the most measures side by side first."""
    most = min(style.columns or ACROSS, shape.n_measure)
    for across in (most,) if style.columns else range(most, 0, -1):
        down, (wide, tall) = ceil(shape.n_measure / across), shape.natural
        course, size = COURSE, (page.width, page.height)
        empty = MeasureLayout(across, sizes, size, 0.0, (0.0, 0.0), 0.0)
        beside = empty.pitch[0]
        width = page.width if page.fixed_width else across * (beside + wide + course) + sizes.edge
        subtitle = break_line(shape.subtitle, sizes.note, width - 2 * sizes.edge)
        header = sizes.edge + sizes.title_line * shape.has_title
        header += (len(subtitle) + 0.3) * sizes.note_line
        if page.fixed_width:
            room = (page.width - sizes.edge) / across - beside
            aspect = tall / wide
            wide, course = (room * part / (wide + COURSE) for part in (wide, COURSE))
            tall = min(max(wide * aspect, LEAST_TALL), LARGEST)
        if page.fixed_height:
            tall = (page.height - header) / down - empty.pitch[1]
        layout = replace(
            empty, header=header, panel=(wide, tall), course=course, subtitle=subtitle
        )
        height = page.height if page.fixed_height else header + down * layout.pitch[1]
        yield replace(layout, size=(width, height))


def break_line(text: str, points: float, room: float) -> tuple[str, ...]:
    """The words of a text that fit into a line, and the others; nothing of an empty text."""
    words = text.split(" ")
    n = len(words)
    while n > 1 and text_width(" ".join(words[:n]), points) > room:
        n -= 1
    return tuple(filter(None, (" ".join(words[:n]), " ".join(words[n:]))))


def tick_points(sizes: TypeSizes) -> float:
    """The size of the numbers of layers and heads, in points."""
    return max(SMALLEST_TYPE, sizes.name - 1)
