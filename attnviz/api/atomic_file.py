"""Files that are complete or absent: written beside their target, then renamed to it.

A file that grows (`GrowingFile`) is NAME.partial until its end; what a stopped run has written
stays there for a resumed run. A lock on it keeps a second run out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from attnviz.api.file_lock import open_locked, open_stream
from attnviz.errors import CouldNotError

MAX_NAME_BYTES = 255  # of one part of a path
PARTIAL = ".partial"  # appended to the name of a file that still grows
TEMPORARY = ".attnviz-", ".tmp"  # how names of temporary files begin and end


def write_file(path: str | Path, data: bytes | Iterable[bytes]) -> None:
    """Write bytes, or chunks of them, to a file that exists only when it is complete.

    A link is written through to the file it names; the mode of an existing file is kept.
    What is no regular file (a device, a pipe) is written to directly.
    Raises CouldNotError with the path and the reason; an existing file then keeps its bytes.
    """
    path, chunks = Path(path), as_chunks(data)
    try:
        if is_special(path):
            with path.open("wb") as file:
                file.writelines(chunks)
        else:
            replace_file(follow_links(path), chunks)
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from None


def as_chunks(data: bytes | Iterable[bytes]) -> Iterable[bytes]:
    """Bytes as one chunk; chunks unchanged."""
    return [data] if isinstance(data, bytes) else data


def replace_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a temporary file beside `path` and rename it to `path`."""
    mode = mode_for(path)
    temporary = path.with_name(f"{TEMPORARY[0]}{secrets.token_hex(8)}{TEMPORARY[1]}")
    with contextlib.ExitStack() as stack:
        stack.callback(remove_file, temporary)  # before it exists: no interrupt can leave it
        handle = open_locked(temporary, os.O_EXCL)
        with open_stream(handle, "wb") as file:
            stack.callback(os.close, os.dup(handle))  # keeps the lock until the file has its name
            for chunk in chunks:
                file.write(chunk)
        temporary.chmod(mode)
        temporary.replace(path)


def follow_links(path: Path) -> Path:
    """The file that a path names.

    Raises OSError for links that lead back to themselves, ValueError for NUL in a path.
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def remove_stale_files(folder: Path) -> None:
    """Remove the temporary files that killed runs left in a folder; locked ones are in use."""
    for path in folder.glob(f"{TEMPORARY[0]}*{TEMPORARY[1]}"):
        with contextlib.suppress(OSError):
            handle = open_locked(path)
            remove_file(path)
            os.close(handle)


def remove_file(path: Path) -> None:
    """Remove a file if it is there."""
    with contextlib.suppress(OSError):
        path.unlink()


class GrowingFile:
    """A file to which one run appends; it replaces `path` when it is committed.

    `resume` begins with the bytes of an interrupted run, else with those of `path` itself.
    A special file (a pipe, /dev/stdout) is appended to directly.
    Raises CouldNotError where the folder cannot be written to or another run holds the file.
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        self.is_committed = self.has_written = self.was_interrupted = False
        self.is_resumed, self.is_copy = resume, False  # a copy of `path`, nothing appended
        try:
            self.is_special = is_special(path)
            self.target = path if self.is_special else follow_links(path)
            self.partial = path if self.is_special else partial_path(self.target)
            if self.is_special:
                self.file: BinaryIO = path.open("ab", buffering=0)
                return
            mode_for(self.target)  # refuses a folder
            handle = open_locked(self.partial)
            self.was_interrupted = os.fstat(handle).st_size > 0
            with contextlib.ExitStack() as stack:
                if not self.was_interrupted:
                    stack.callback(remove_file, self.partial)  # where nothing comes of it
                self.file = stack.enter_context(open_stream(handle, "r+b"))
                if resume and not self.was_interrupted and self.target.exists():
                    with self.target.open("rb") as finished:
                        shutil.copyfileobj(finished, self.file)
                    self.is_copy = True
                    self.file.seek(0)
                stack.pop_all()
        except (OSError, ValueError) as error:
            raise cannot_write(path, error) from None

    @property
    def is_unfinished(self) -> bool:
        """Whether it holds results that were not committed."""
        return self.has_written and not (self.is_copy or self.is_committed or self.is_special)

    def lines(self) -> Iterator[bytes]:
        """The lines of the run that is resumed, complete or torn."""
        self.file.seek(0)
        yield from iter(self.file.readline, b"")  # from the file: it would be closed

    def truncate(self, end: int) -> None:
        """Cut the file after `end` bytes, and append there."""
        self.file.truncate(end)
        self.file.seek(end)
        self.has_written = end > 0

    def append(self, data: bytes | Iterable[bytes]) -> None:
        """Write and flush, all or nothing; a fresh run first drops what an earlier one left."""
        try:
            if not self.has_written and not self.is_special and not self.is_resumed:
                self.truncate(0)
            start = None if self.is_special else self.file.tell()
            try:
                for chunk in as_chunks(data):  # writelines would write again after EINTR
                    self.file.write(chunk)
                self.file.flush()
            except BaseException:
                if start is not None:
                    self.drop_after(start)
                raise
            self.has_written, self.is_copy = True, False
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def drop_after(self, end: int) -> None:
        """Cut an incomplete record; what the buffer still holds is cut when it is written."""
        os.ftruncate(self.file.fileno(), end)  # first: it frees space for what is buffered
        with contextlib.suppress(OSError):
            self.file.seek(end)
        os.ftruncate(self.file.fileno(), end)

    def commit(self) -> None:
        """Give the file its name; the lock is held until then."""
        if self.is_special or not self.has_written:
            return
        try:
            self.partial.chmod(mode_for(self.target))
            self.partial.replace(self.target)
            self.is_committed = True
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def discard(self) -> None:
        """Remove what was written, also where the disk does not take the buffer."""
        remove_file(self.partial)
        self.is_committed = True

    def close(self) -> None:
        """Release the lock; without a commit, new results stay in NAME.partial."""
        is_leftover = not self.is_special and not self.is_committed
        if is_leftover and (self.is_copy or os.fstat(self.file.fileno()).st_size == 0):
            remove_file(self.partial)
        with contextlib.suppress(OSError):  # each record was flushed when it was appended
            self.file.close()


def partial_path(path: Path) -> Path:
    """The path of a file while it grows; a very long name gives way to the ending."""
    name = os.fsencode(path.name)
    if len(name) + len(PARTIAL) > MAX_NAME_BYTES:
        digest = blake2b(name, digest_size=8).hexdigest()
        name = name[: MAX_NAME_BYTES - len(PARTIAL) - len(digest)] + digest.encode()
    return path.with_name(os.fsdecode(name) + PARTIAL)


def is_special(path: Path) -> bool:
    """Whether a path names what is neither a regular file nor a folder nor nothing."""
    return path.exists() and not path.is_file() and not path.is_dir()


def mode_for(path: Path) -> int:
    """The permissions that a file keeps, or that a new one gets."""
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder")
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~current_umask()


def current_umask() -> int:
    """The umask of this process; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def cannot_write(path: Path, error: OSError | ValueError) -> CouldNotError:
    """The one line about a file that cannot be written."""
    if not isinstance(error, OSError):
        reason = f"the path is invalid: {error}"  # NUL, a lone surrogate
    elif isinstance(error, BlockingIOError):
        reason = "another run is writing it; wait for that run or choose another file"
    else:
        reason = error.strerror or str(error)
    return CouldNotError(f"cannot write {str(path)!r}: {reason}")
