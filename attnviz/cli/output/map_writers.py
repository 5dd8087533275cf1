"""Map writers: many maps to standard output, to one growing file, or to one file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from attnviz.api.atomic_file import GrowingFile, as_chunks
from attnviz.cli.environment import Environment, FileId
from attnviz.cli.output.file_per_map import FilePerMapWriter, confirm
from attnviz.cli.output.join_writer import JoinWriter
from attnviz.cli.output.table_texts import TextTable
from attnviz.cli.output.target import Target
from attnviz.errors import MisuseError


class MapWriter(Protocol):
    """Receives the rendered maps of many sentences, numbered from 1."""

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether an earlier run has written this map."""

    def write(self, number: int, id: str | None, data: Any) -> None:
        """Write one map: bytes, chunks of them, or a StyledMap for a file that joins several."""

    def write_error(self, record: bytes) -> bool:
        """Write an error record if this writer holds records; returns whether it does."""

    def commit(self) -> None:
        """The run is complete: what was written takes its final name."""

    def close(self) -> None:
        """Release the file; without a commit, an existing target keeps its bytes."""


@contextmanager
def open_writers(
    env: Environment,
    targets: list[Target],
    *,
    many: bool,
    resume: bool = False,
    inputs: frozenset[FileId] = frozenset(),
    request: Mapping[str, Any] | None = None,
) -> Iterator[list[MapWriter]]:
    """A writer per target, closed at the end; `inputs` are files that may not be written to.

    `request` is what a resumed file must have been written with.
    """
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(open_writer(env, target, many, resume, inputs, request)))
            for target in targets
        ]


def open_writer(
    env: Environment,
    target: Target,
    many: bool,
    resume: bool,
    inputs: frozenset[FileId],
    request: Mapping[str, Any] | None,
) -> MapWriter:
    """The writer of a target."""
    if target.path is None:
        if resume:
            raise MisuseError(
                "--resume needs files: -o all.jsonl, or one file per sentence: -o out/{n}.png"
            )
        return StdoutWriter(env, target.is_json_lines, separator_of(target), is_text_table(target))
    if target.is_file_per_map or not many:
        return FilePerMapWriter(env, target, resume, inputs)
    if resume and not target.is_json_lines:
        raise MisuseError(
            f"--resume cannot continue a {target.format.name} file; write JSON Lines "
            "(-o all.jsonl) or one file per sentence"
        )
    if target.is_joined:
        return JoinWriter(env, target)
    if resume:
        from attnviz.cli.output.earlier_run import EarlierRun

        earlier = EarlierRun(target.path, request or {})
        return AppendWriter(env, Path(target.path), target.is_json_lines, earlier)
    writer = AppendWriter(
        env,
        Path(target.path),
        target.is_json_lines,
        separator=separator_of(target),
        is_table=is_text_table(target),
    )
    note_replaced(env, writer)
    return writer


def separator_of(target: Target) -> bytes:
    """What stands between two maps of one output: a blank line between tables."""
    return b"\n" if target.format.name == "table" else b""


def is_text_table(target: Target) -> bool:
    """Whether it is a table with ids as text: one header, then the rows of all texts."""
    return target.format.has_ids and target.format.is_text


class StdoutWriter:
    """Writes to standard output."""

    def __init__(
        self,
        env: Environment,
        holds_records: bool,
        separator: bytes = b"",
        is_table: bool = False,
    ) -> None:
        self.env, self.holds_records = env, holds_records
        self.table = TextTable() if is_table else None
        self.separator, self.is_empty = separator, True
        self.commit = self.close = lambda: None

    def has(self, number: int, id: str | None, text: str) -> bool:
        """False: standard output cannot be resumed."""
        return False

    def write(self, number: int, id: str | None, data: bytes | Iterable[bytes]) -> None:
        """Write and flush."""
        if self.separator and not self.is_empty:
            self.env.write(self.separator)
        if self.table is not None:
            data = self.table.rows(id, data)
        self.is_empty = False
        for chunk in as_chunks(data):
            self.env.write(chunk)

    def write_error(self, record: bytes) -> bool:
        """Write an error record between the others."""
        if self.holds_records:
            self.env.write(record)
        return self.holds_records


class AppendWriter:
    """Appends one map after the other to NAME.partial, which becomes NAME when all are written.

    With an `earlier` run, its complete lines are kept and an incomplete last one is cut off.
    """

    def __init__(
        self,
        env: Environment,
        path: Path,
        holds_records: bool,
        earlier: Any = None,
        separator: bytes = b"",
        is_table: bool = False,
    ) -> None:
        self.env, self.path = env, path
        self.table = TextTable() if is_table else None
        self.holds_records, self.earlier = holds_records, earlier
        self.separator, self.is_empty = separator, True
        self.file = GrowingFile(path, resume=earlier is not None)
        try:
            if earlier is not None and not self.file.is_special:
                self.file.truncate(earlier.read(self.file.lines()))
        except BaseException:
            self.close()
            raise

    @property
    def has_errors(self) -> bool:
        """Whether an earlier run recorded errors in this file."""
        return self.earlier is not None and self.earlier.has_errors

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether the file has this line; MisuseError where it is of another sentence."""
        return self.earlier is not None and self.earlier.has(number, text)

    def write(self, number: int, id: str | None, data: bytes | Iterable[bytes]) -> None:
        """Append and flush; MisuseError for a request other than that of the earlier run."""
        if self.earlier is not None:
            data = b"".join(as_chunks(data))
            self.earlier.require_same_request(data)
        if self.separator and not self.is_empty:
            self.file.append(self.separator)
        if self.table is not None:
            data = self.table.rows(id, data)
        self.is_empty = False
        self.file.append(data)

    def write_error(self, record: bytes) -> bool:
        """Append an error record."""
        if self.holds_records:
            self.file.append(record)
        return self.holds_records

    def commit(self) -> None:
        """Rename the file to its target; MisuseError where it has more than the input."""
        if self.earlier is not None:
            self.earlier.require_whole_input()
        self.file.commit()
        confirm(self.env, str(self.path))

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def note_replaced(env: Environment, writer: AppendWriter) -> None:
    """State that a run replaces the results of a stopped one, which could be resumed."""
    if writer.file.was_interrupted and writer.holds_records:
        env.warn(
            f"note: replacing the unfinished results in {str(writer.file.partial)!r}; "
            "--resume would continue them"
        )


def note_unfinished(env: Environment, writers: Sequence[MapWriter]) -> None:
    """State where the results of a stopped run are."""
    for writer in writers:
        if isinstance(writer, AppendWriter) and writer.file.is_unfinished:
            advice = "; --resume continues them" if writer.holds_records else ""
            env.warn(f"note: the results so far are in {str(writer.file.partial)!r}{advice}")
