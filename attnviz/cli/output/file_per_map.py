"""Writer of one file per map."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attnviz.api.atomic_file import as_chunks, remove_stale_files, write_file
from attnviz.cli.environment import Environment, FileId, file_id
from attnviz.cli.output.existing_file import require_same_bytes, require_same_text
from attnviz.cli.output.filename_template import ID, fill_template
from attnviz.cli.output.target import Target
from attnviz.errors import MisuseError


class SentenceError(MisuseError):
    """A sentence that a writer cannot write; the others go on."""


class DuplicateIdError(SentenceError):
    """A sentence whose id an earlier sentence has."""


class FilePerMapWriter:
    """Writes one file per map; each appears only when complete.

    A resumed run keeps existing files. The first of them is computed again: where its bytes
    differ, an earlier run with other options has written it.
    """

    def __init__(
        self, env: Environment, target: Target, resume: bool, inputs: frozenset[FileId]
    ) -> None:
        self.env, self.template = env, str(target.path)
        self.resume, self.inputs = resume, inputs
        self.used_paths: set[str] = set()
        self.last_path, self.n_written = "", 0
        self.is_checked = False
        self.close = lambda: None
        if resume:
            remove_stale_files(Path(self.template).parent)

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether the file of this map exists; MisuseError where it is of another sentence."""
        path = fill_template(self.template, number, id)
        exists = self.resume and path not in self.used_paths and Path(path).exists()
        if not exists:
            return False
        require_same_text(path, text)
        if self.is_checked:
            self.reserve(path)
        return self.is_checked

    def write(self, number: int, id: str | None, data: bytes | Iterable[bytes]) -> None:
        """Write the file; MisuseError for a repeated id, and for a file that is also input."""
        path = fill_template(self.template, number, id)
        if path in self.used_paths:
            raise DuplicateIdError(
                f"duplicate id {id!r}; one file per sentence needs distinct ids"
            )
        if self.inputs and file_id(path) in self.inputs:
            raise MisuseError(f"{path!r} is also the input; write to another file")
        self.reserve(path)
        if self.resume and not self.is_checked and Path(path).is_file():
            require_same_bytes(path, b"".join(as_chunks(data)))
            self.is_checked = True
            return
        write_file(path, data)
        self.last_path, self.n_written = path, self.n_written + 1

    def commit(self) -> None:
        """All files are written; state which."""
        if self.n_written == 1:
            confirm(self.env, self.last_path)
        elif self.n_written:
            confirm(self.env, f"{self.n_written} files {self.template}")

    def reserve(self, path: str) -> None:
        """Remember paths made of ids; numbers cannot repeat."""
        if ID in self.template:
            self.used_paths.add(path)

    def write_error(self, record: bytes) -> bool:
        """False: there is no file for errors."""
        return False


def confirm(env: Environment, what: str) -> None:
    """State on a terminal what was written; scripts and logs stay silent."""
    if env.stderr_is_tty:
        env.warn(f"wrote {what}")
