"""Maps into files: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, MisuseError
from attnviz.render.formats import Format, find_format, format_of
from attnviz.render.style import Style


def write(
    amap: AttentionMap, target: str | Path | BinaryIO, *, format: str | None = None, **style: Any
) -> None:
    """A map into a file, or into a binary stream.

    Args:
        amap: what to write.
        target: a path, whose ending says the format, or an open binary stream.
        format: the format by name, instead of the ending.
        style: wishes about the picture: palette, title, precision…; see render/style.py.

    Raises:
        MisuseError: a format or a wish that is not known.
        CouldNotError: the file cannot be written; what was there before is still there.
    """
    path = target if isinstance(target, str | Path) else None
    if format is None and path is None:
        raise MisuseError("a stream has no ending that says the format; name it with format=")
    row: Format = find_format(format) if format else format_of(str(path))
    if row.name == "table":
        raise MisuseError("format 'table' is for the terminal; files take json, csv, png, html…")
    try:
        wishes = Style(**style)
    except TypeError as error:
        raise MisuseError(f"style: {error}") from None
    data: bytes = row.render(amap, wishes)
    if path is None:
        target.write(data)  # type: ignore[union-attr]
    else:
        write_file(path, data)


def write_file(path: str | Path, data: bytes) -> None:
    """Bytes into a file that is complete the moment it is there.

    A link is written through to the file it names; the mode of an existing file is kept.
    What is no ordinary file (a device, a pipe) is written to directly.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        replace_file(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise CouldNotError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def replace_file(path: Path, data: bytes) -> None:
    """Write beside the file under a name nobody can guess, then take its place."""
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~current_umask()
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:  # Ctrl-C too must leave nothing behind
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise


def current_umask() -> int:
    """The mask of this process; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
