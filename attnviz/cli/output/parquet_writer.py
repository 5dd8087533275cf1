"""Parquet table of several texts: a row group or more per text, in one growing file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attnviz.api.atomic_file import GrowingFile, as_chunks
from attnviz.cli.environment import Environment
from attnviz.cli.output.file_per_map import DuplicateIdError, confirm


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


class ParquetWriter:
    """Writes the rows of each text to NAME.partial, which becomes NAME when all are written."""

    def __init__(self, env: Environment, path: Path) -> None:
        from attnviz.render.data.parquet_texts import ParquetTexts

        self.env, self.path, self.file = env, path, GrowingFile(path)
        self.texts, self.ids = ParquetTexts(), DistinctIds()

    def has(self, number: int, id: str | None, text: str) -> bool:
        """False: a Parquet file cannot be continued."""
        return False

    def write(self, number: int, id: str | None, data: bytes | Iterable[bytes]) -> None:
        """Append the rows of a text."""
        self.ids.add(id)
        self.file.append(self.texts.add(b"".join(as_chunks(data))))

    def write_error(self, record: bytes) -> bool:
        """False: there are no rows for errors."""
        return False

    def commit(self) -> None:
        """Write the footer, and rename the file to its target."""
        self.file.append(self.texts.finish())
        self.file.commit()
        confirm(self.env, str(self.path))

    def close(self) -> None:
        """Close the file."""
        self.file.close()
