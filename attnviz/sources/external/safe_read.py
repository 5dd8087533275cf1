"""Bytes from outside, never more of them than were bargained for."""

from __future__ import annotations

import zlib
from gzip import GzipFile
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from attnviz.errors import CouldNotError, InvalidInputError

LARGEST = 1 << 30  # bytes of a file, packed or unpacked
LARGEST_TEXT = 1 << 28  # text grows when it is read
HARMLESS = 1 << 26  # bytes that may come of any number of packed ones
RATIO = 200  # beyond it, and beyond what is harmless, nobody packs attention
GZIP = b"\x1f\x8b"


def taken(source: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    """The bytes of a file or a stream, or those that were given; gzip is undone.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for too much.
    """
    if isinstance(source, str | PathLike):
        data = from_file(Path(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        data = limited(source)
    return unpacked(data) if data.startswith(GZIP) else data


def from_file(path: Path) -> bytes:
    """A file, up to the largest that is read."""
    try:
        with path.open("rb") as file:
            return limited(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise CouldNotError(f"cannot read {str(path)!r}: {reason}") from None


def limited(stream: BinaryIO) -> bytes:
    """All that a stream has, up to the most that is read."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InvalidInputError(f"the file is larger than {LARGEST:,} bytes")
    return data


def unpacked(data: bytes) -> bytes:
    """What gzip packed, unless it grows beyond measure."""
    try:
        with GzipFile(fileobj=BytesIO(data)) as file:
            made = file.read(LARGEST_TEXT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError(f"broken gzip: {brief(error)}") from None
    check_growth(len(data), len(made), LARGEST_TEXT)
    return made


def check_growth(packed: int, unpacked: int, most: int) -> None:
    """Refuse what unpacks to more than is read, or to far more than it weighs."""
    if unpacked > most or (unpacked > HARMLESS and unpacked > RATIO * packed):
        raise InvalidInputError(
            f"{packed:,} packed bytes unpack to {unpacked:,} or more; at most {most:,} are read, "
            f"and above {HARMLESS:,} no more than {RATIO} times the packed ones"
        )


def text_of(data: bytes) -> str:
    """Bytes as text: UTF-8, strictly, one byte order mark dropped."""
    if len(data) > LARGEST_TEXT:
        raise InvalidInputError(f"{len(data):,} bytes of text; at most {LARGEST_TEXT:,} are read")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"byte {error.start} is not UTF-8") from None


def brief(error: Exception) -> str:
    """What a library says of bytes from outside, as a piece of one harmless line."""
    return ascii(str(error))[1:-1][:160]
