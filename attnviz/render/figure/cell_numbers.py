"""Numbers on cells: in which form and size they can be read, in which ink."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from attnviz.errors import AttnvizWarning
from attnviz.record import Record
from attnviz.render.colors import ink
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.fonts import width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READABLE, EASY, LARGEST = 5.5, 7.5, 9.0  # points
FILLED = 0.84  # how much of a cell its number may take
MOST = 1600  # numbers in one picture


class Digits(Record):
    """How the numbers of a picture are written: .25 where 0.25 would be small."""

    subject: Subject
    points: float
    short: bool

    @classmethod
    def of(cls, subject: Subject, cell: tuple[float, float]) -> Digits | None:
        """Numbers for cells of this size; None where they are not wanted or not readable."""
        wanted = subject.style.annotate
        if wanted is False or (wanted is None and subject.amap.weights.size > MOST):
            return None
        for short, enough in ((False, EASY), (True, READABLE)):
            points = min(LARGEST, largest(subject, short, cell))
            if points >= enough - 1e-6:
                return cls(subject, points, short)
        if wanted:
            warnings.warn(
                f"no numbers are drawn: cells of {cell[0]:.2f} × {cell[1]:.2f} inches are too "
                "small for them. Ask for a larger --size, or for less with --layer and --head",
                AttnvizWarning,
                stacklevel=2,
            )
        return None

    def text(self, weight: float) -> str:
        """A weight in digits."""
        return written(self.subject, weight, self.short)

    def write(self, axes: Axes, x: float, y: float, weight: float) -> None:
        """A number on its cell, in the ink that reads best there."""
        red, green, blue = self.subject.scale.rgb(np.asarray(weight)).tolist()
        self.put(axes, x, y, self.text(weight), ink((red, green, blue)))

    def put(self, axes: Axes, x: float, y: float, text: str, rgb: tuple[int, int, int]) -> None:
        """A text on a ground of which the ink is known."""
        axes.text(
            x, y, text, size=self.points, color=[part / 255 for part in rgb],
            ha="center", va="center_baseline",
        )  # fmt: skip


def least_cell(subject: Subject) -> float:
    """The narrowest cell whose number can be read, in inches."""
    return width_of(widest(subject, short=True), READABLE) / FILLED


def largest(subject: Subject, short: bool, cell: tuple[float, float]) -> float:
    """The size of type at which the widest number fills a cell, in points."""
    return FILLED * min(cell[0] / width_of(widest(subject, short), 1.0), cell[1] * 72)


def widest(subject: Subject, short: bool) -> str:
    """The widest number that may stand on a cell."""
    ends = (subject.scale.low, subject.scale.high)
    return max((written(subject, e, short) for e in ends), key=lambda text: width_of(text, 1.0))


def written(subject: Subject, weight: float, short: bool) -> str:
    """A weight as it is printed, or without the zero before its point."""
    text = subject.number(weight)
    return text.replace("0.", ".", 1) if short and text.lstrip("+−").startswith("0.") else text
