"""Names of tokens along an axis: as many as there is room for, turned where they must be."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from attnviz.record import Record
from attnviz.render.figure.fonts import Letters, width_of

SMALLEST, LARGEST, LEADING = 6.0, 9.0, 1.2  # points, points, lines in sizes of the type
LONGEST, USUAL = 1.1, 0.4  # inches


class Names(Record):
    """Which tokens are named, in which size, how they are turned."""

    labels: tuple[str, ...]
    step: int
    points: float
    angle: int = 0

    @classmethod
    def beside(cls, labels: tuple[str, ...], pitch: float, letters: Letters) -> Names:
        """Names beside a picture, tokens being `pitch` inches apart."""
        points = min(max(pitch * 72 / LEADING, SMALLEST), LARGEST)
        step = step_of(points * LEADING / 72 / pitch)
        return cls(tuple(letters.cut(x, points, LONGEST) for x in labels[::step]), step, points)

    @classmethod
    def below(cls, labels: tuple[str, ...], pitch: float, letters: Letters) -> Names:
        """Names under a picture: level where all of them fit so, else slanted, else upright."""
        names = cls.beside(labels, pitch, letters)
        room, line = pitch * names.step, names.points * LEADING / 72
        if names.longest < room * 0.9:
            return names
        return replace(names, angle=45 if room >= line * sqrt(2) else 90)

    @property
    def places(self) -> range:
        """Which tokens they are."""
        return range(0, len(self.labels) * self.step, self.step)

    @property
    def longest(self) -> float:
        """The width of the longest name, in inches."""
        return max(width_of(label, self.points) for label in self.labels)

    @property
    def depth(self) -> float:
        """How far the names reach from the picture, in inches."""
        high = self.points / 72
        return {0: high, 45: (self.longest + high) / sqrt(2), 90: self.longest}[self.angle]


def step_of(crowded: float) -> int:
    """Every how many tokens one is named: 1, 2, 5, 10, 20…"""
    steps = (n * 10**ten for ten in range(9) for n in (1, 2, 5))
    return next(step for step in steps if step >= crowded - 1e-9)
