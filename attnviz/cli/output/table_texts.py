"""One table of several texts: distinct ids, and one header in front of the rows of all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from attnviz.api.atomic_file import as_chunks
from attnviz.cli.output.file_per_map import DuplicateIdError, SentenceError
from attnviz.core.file_format import different_columns


class DistinctIds:
    """The ids of the texts in a table: each occurs once, and all texts have one, or none has."""

    def __init__(self) -> None:
        self.used: set[str | None] = set()

    def add(self, id: str | None) -> None:
        """Add the id of a text; DuplicateIdError where texts would have no distinct ids."""
        if id is not None and id in self.used:
            raise DuplicateIdError(f"duplicate id {id!r}; one table needs distinct ids")
        if self.used and (id is None) != (None in self.used):
            raise DuplicateIdError(
                "some sentences have an id and others none; one table needs all"
            )
        self.used.add(id)


class TextTable:
    """CSV or TSV of several texts, each rendered with a header of its own."""

    def __init__(self) -> None:
        self.ids, self.header = DistinctIds(), b""

    def rows(self, id: str | None, data: bytes | Iterable[bytes]) -> Iterator[bytes]:
        """The bytes to append for a text: with its header if it is the first.

        Raises SentenceError, before any chunk, for an id that is not distinct, and for a text
        with other columns.
        """
        self.ids.add(id)
        chunks = iter(as_chunks(data))
        first = next(chunks, b"")
        header, _, rows = first.partition(b"\n")
        if self.header and header != self.header:
            names = [re.split("[,\t]", line.decode()) for line in (header, self.header)]
            raise SentenceError(different_columns(*names))
        first, self.header = rows if self.header else first, header
        return chain([first], chunks)
