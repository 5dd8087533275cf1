"""One place where maps go."""

from __future__ import annotations

from attnviz.cli.output.filename_template import is_template
from attnviz.record import Record
from attnviz.render.formats import Format


class Target(Record):
    """One place that takes every map, in one format. Without a path: standard output."""

    format: Format
    path: str | None = None

    @property
    def each(self) -> bool:
        """Whether every map gets a file of its own."""
        return self.path is not None and is_template(self.path)

    @property
    def records(self) -> bool:
        """Whether it holds one document a line."""
        return self.format.lines and not self.format.drawn
