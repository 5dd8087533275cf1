"""Axis labels: tokens along an axis, thinned and rotated to fit."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from attnviz.record import Record
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.figure.tick_labels import tick_labels
from attnviz.render.figure.type_sizes import SMALLEST

LEADING = 1.02  # of a line, in sizes of the type: labels do not touch
SLIGHTLY_SMALLER = 0.8  # horizontal labels are preferred to rotated ones of more than this size
MAX_EXTENT, DEFAULT_EXTENT = 1.1, 0.4  # inches


class AxisLabels(Record):
    """The labels of every `step`-th token, their font size and rotation."""

    labels: tuple[str, ...]
    step: int
    points: float
    angle: int = 0

    @classmethod
    def for_rows(
        cls, labels: tuple[str, ...], pitch: float, fonts: FontSet, largest: float
    ) -> AxisLabels:
        """Labels beside rows that are `pitch` inches apart, up to `largest` points."""
        points = min(max(pitch * 72 / LEADING, SMALLEST), largest)
        step = label_step(points * LEADING / 72 / pitch)
        shown = (fonts.truncate(x, points, MAX_EXTENT) for x in tick_labels(labels, step))
        return cls(tuple(shown), step, points)

    @classmethod
    def for_columns(
        cls, labels: tuple[str, ...], pitch: float, fonts: FontSet, largest: float
    ) -> AxisLabels:
        """Labels below columns: horizontal if all fit, else at 45°, else vertical."""
        axis = cls.for_rows(labels, pitch, fonts, largest)
        width, line = pitch * axis.step, axis.points * LEADING / 72
        points = axis.points * width * 0.9 / max(axis.max_width, 1e-9)
        if points >= max(SMALLEST, SLIGHTLY_SMALLER * axis.points):
            return cls.for_rows(labels, pitch, fonts, min(points, axis.points))
        return replace(axis, angle=45 if width >= line * sqrt(2) else 90)

    @classmethod
    def for_both(
        cls,
        queries: tuple[str, ...],
        keys: tuple[str, ...],
        cell: tuple[float, float],
        fonts: FontSet,
        largest: float,
    ) -> tuple[AxisLabels, AxisLabels]:
        """Labels of rows and columns, in one size."""
        rows = cls.for_rows(queries, cell[1], fonts, largest)
        columns = cls.for_columns(keys, cell[0], fonts, rows.points)
        if columns.points < rows.points:
            rows = cls.for_rows(queries, cell[1], fonts, columns.points)
        return rows, columns

    @property
    def positions(self) -> range:
        """The positions of the labelled tokens."""
        return range(0, len(self.labels) * self.step, self.step)

    @property
    def max_width(self) -> float:
        """The width of the longest label, in inches."""
        return max(text_width(label, self.points) for label in self.labels)

    @property
    def extent(self) -> float:
        """How far the labels extend from the axis, in inches."""
        high = self.points / 72
        return {0: high, 45: (self.max_width + high) / sqrt(2), 90: self.max_width}[self.angle]


def label_step(crowded: float) -> int:
    """The smallest step of 1, 2, 5, 10, 20… that is at least `crowded`."""
    steps = (n * 10**ten for ten in range(9) for n in (1, 2, 5))
    return next(step for step in steps if step >= crowded - 1e-9)
