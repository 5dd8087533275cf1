"""Type sizes: the font sizes of a figure, and the spaces that depend on them."""

from __future__ import annotations

from attnviz.record import Record

# Points at full size, for slides, and the smallest ones: no text is below 6 points.
FULL = {"title": 14.0, "heading": 9.5, "name": 9.0, "note": 8.0, "caption": 7.0, "label": 9.0}
FLOOR = {"title": 8.0, "heading": 6.5, "name": 6.0, "note": 6.0, "caption": 6.0, "label": 6.0}
SMALLEST = 6.0
SMALLEST_FACTOR = 0.57  # all sizes are at their floor
EDGE = 0.12  # inches of margin around a figure at full size


class TypeSizes(Record):
    """Font sizes in points; all lengths derived from them are in inches.

    `name` is the size of axis names and labels of thumbnails, `label` the largest of tokens.
    """

    factor: float = 1.0
    title: float = FULL["title"]
    heading: float = FULL["heading"]
    name: float = FULL["name"]
    note: float = FULL["note"]
    caption: float = FULL["caption"]
    label: float = FULL["label"]

    @classmethod
    def scaled(cls, factor: float) -> TypeSizes:
        """All sizes by this factor, none below its floor."""
        return cls(factor, **{name: max(FLOOR[name], factor * FULL[name]) for name in FULL})

    @property
    def edge(self) -> float:
        """The margin around the figure."""
        return EDGE * max(self.factor, 0.5)

    @property
    def title_line(self) -> float:
        """The height of the title and the space below it."""
        return 1.34 * self.title / 72

    @property
    def note_line(self) -> float:
        """The line spacing of subtitle and notes."""
        return 1.44 * self.note / 72

    @property
    def caption_line(self) -> float:
        """The line spacing of captions."""
        return 1.5 * self.caption / 72

    @property
    def heading_line(self) -> float:
        """The height of a panel heading and the space below it."""
        return 1.42 * self.heading / 72

    @property
    def axis_name(self) -> float:
        """The room that the name of an axis takes beside its labels."""
        return (1.25 * self.name + 4) / 72

    @property
    def between(self) -> float:
        """The smallest gap between two panels, and between texts in a row."""
        return 1.6 * self.caption / 72
