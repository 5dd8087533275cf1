"""Writer of one file for the maps of several texts: pages of PDF or HTML, or one table."""

from __future__ import annotations

from pathlib import Path

from attnviz.api.atomic_file import GrowingFile, cannot_write
from attnviz.cli.environment import Environment
from attnviz.cli.output.file_per_map import SentenceError, confirm
from attnviz.cli.output.table_texts import DistinctIds
from attnviz.cli.output.target import StyledMap, Target
from attnviz.errors import MisuseError


class JoinWriter:
    """Appends maps to NAME.partial, which becomes NAME when all are written, or goes."""

    def __init__(self, env: Environment, target: Target) -> None:
        self.env, self.path = env, Path(str(target.path))
        self.file = GrowingFile(self.path)
        self.joiner = target.format.open_joiner(self.file.append, self.path.parent)
        self.ids = DistinctIds() if target.format.has_ids else None
        self.is_empty = True

    def has(self, number: int, id: str | None, text: str) -> bool:
        """False: the file cannot be continued."""
        return False

    def write(self, number: int, id: str | None, data: StyledMap) -> None:
        """Append a map; SentenceError for one that does not fit."""
        if self.ids is not None:
            self.ids.add(id)
        try:
            self.joiner.add(data.amap, data.style)
        except MisuseError as error:
            raise SentenceError(Exception.__str__(error)) from None
        except OSError as error:  # of a temporary file
            raise cannot_write(self.path, error) from None
        self.is_empty = False

    def write_error(self, record: bytes) -> bool:
        """False: there is no page, and no row, for errors."""
        return False

    def commit(self) -> None:
        """Complete the file, and rename it to its target."""
        if self.is_empty:
            return
        self.joiner.finish()
        self.file.commit()
        confirm(self.env, str(self.path))

    def close(self) -> None:
        """Close the file; without a commit nothing of it remains."""
        self.joiner.close()
        if self.file.is_unfinished:
            self.file.discard()
        self.file.close()
