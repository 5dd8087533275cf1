"""What surrounds the panels: the title, notes on what is drawn, headings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnviz.render.figure.drawable import HIDDEN, Subject
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.layout import Sheet
from attnviz.render.figure.masked_hatch import swatch
from attnviz.render.figure.text_flow import Spot, flow
from attnviz.render.style import REMARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, HAIR = "#1a1a1a", "#595959", "#b8b8b8"
TITLE, HEADING, NAME, NOTE, CAPTION = 14.0, 9.5, 9.0, 8.0, 7.0  # points
EDGE = 0.12  # inches of white at the border of the sheet
LINE = 0.16  # inches from one small line of type to the next
UNDER_TITLE, SAMPLE = 0.26, 0.26  # inches for the title, and for a sample before a note


def notes_on(*notes: str) -> tuple[str, ...]:
    """Those notes that say something."""
    return tuple(note for note in notes if note)


def spots(notes: tuple[str, ...], width: float) -> list[Spot]:
    """Where notes stand on a sheet of this width."""
    widths = (width_of(note, NOTE) + SAMPLE * (note == HIDDEN) for note in notes)
    return flow(widths, width - 2 * EDGE, 0.25)


def head_room(subject: Subject, notes: tuple[str, ...], width: float) -> float:
    """How far down the first panel begins on a sheet of this width, in inches."""
    n_line = max((spot.line + 1 for spot in spots(notes, width)), default=0)
    return EDGE + UNDER_TITLE + n_line * LINE + (0.04 if notes else 0.0) + heading_room(subject)


def heading_room(subject: Subject) -> float:
    """What a panel's heading and its caption take, in inches."""
    return 0.2 + LINE * bool(subject.style.captions)


def blank(subject: Subject, sheet: Sheet, notes: tuple[str, ...]) -> Figure:
    """A sheet with its title, and notes on what is not plain."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=sheet.size, dpi=subject.style.dpi)
    width, height = sheet.size
    title = subject.letters.cut(subject.title, TITLE, width - 2 * EDGE)
    top = 1 - EDGE / height
    figure.text(EDGE / width, top, title, fontsize=TITLE, color=INK, va="top")
    for note, spot in zip(notes, spots(notes, width), strict=True):
        left, down = EDGE + spot.left, EDGE + UNDER_TITLE + LINE * (spot.line + 0.5)
        if note == HIDDEN:
            figure.add_artist(swatch(sheet.share(left, down - 0.06, SAMPLE - 0.06, 0.12)))
            left += SAMPLE
        text = subject.letters.cut(note, NOTE, width - left - EDGE)
        figure.text(left / width, 1 - down / height, text, fontsize=NOTE, color=FAINT, va="center")
    return figure


def panels(
    figure: Figure,
    subject: Subject,
    sheet: Sheet,
    spare: float = 0.0,
    *,
    before: float = 0.0,
    above: float = 0.0,
) -> Iterator[tuple[tuple[int, int], Axes]]:
    """The place of each head and an empty panel for it.

    Headings and captions may be `spare` inches wider than panels; they begin `before` inches
    to the left of them, `above` inches higher than they would.
    """
    room = sheet.panel[0] + spare
    left, low = -before / sheet.panel[0], 4 + 72 * above
    high = low + LINE * 72 * bool(subject.style.captions)
    headings = subject.headings(HEADING, room)
    for index, (place, heading) in enumerate(zip(subject.heads(), headings, strict=True)):
        axes = figure.add_axes(sheet.place(index))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(heading, loc="left", x=left, fontsize=HEADING, color=INK, pad=high)
        if caption := brief(subject, subject.caption(*place), room):
            axes.annotate(
                caption, (left, 1), (0, low), xycoords="axes fraction",
                textcoords="offset points", fontsize=CAPTION, color=FAINT,
            )  # fmt: skip
        yield place, axes


def brief(subject: Subject, caption: str, width: float) -> str:
    """As many of a caption's remarks as there is room for, the first one cut where it must be."""
    width *= 0.98  # dots are not as fine as type
    remarks = caption.split(REMARK)
    while len(remarks) > 1 and width_of(REMARK.join(remarks), CAPTION) > width:
        remarks.pop()
    return subject.letters.cut(REMARK.join(remarks), CAPTION, width)
