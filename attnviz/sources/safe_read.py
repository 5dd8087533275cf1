"""Size-limited reading of untrusted files: bytes, gzip, zstd, UTF-8, and values in memory."""

from __future__ import annotations

import zlib
from io import BytesIO
from os import PathLike
from pathlib import Path
from sys import getsizeof
from typing import BinaryIO

from attnviz.errors import CouldNotError, InvalidInputError, missing_package
from attnviz.sources.memory import MAX_MEMORY_SHARE, format_bytes, machine_memory

LARGEST = 1 << 30  # bytes of a file, compressed or not
LARGEST_TEXT = 200_000_000  # as Python objects, text takes several times its size in bytes
BUDGET = 3 << 29  # bytes that what a file holds may take in memory, as floats and Python objects
GROWTH = 8  # a file larger than BUDGET / GROWTH may take this many times its size
TEXT_COPIES = 3  # of a text, which exist at the same time: the text, its lines, its strings
LONGEST = 1 << 17  # size of any axis, number of tokens
HARMLESS = 1 << 26  # bytes that compressed data of any size may expand to
RATIO = 200  # attention does not compress better than this; zip bombs do
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def read_bytes(source: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    """The bytes of a path, a binary stream or a bytes object; gzip and zstd are decompressed.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for one that is too
    large.
    """
    if isinstance(source, str | PathLike):
        data = read_file(Path(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        data = read_limited(source)
    if data.startswith(ZSTD):
        return decompress_zstd(data)
    return decompress_gzip(data) if data.startswith(GZIP) else data


def read_file(path: Path, limit: int | None = None, what: str | None = None) -> bytes:
    """The bytes of a file of at most `limit` bytes (None: LARGEST).

    Errors call it `what`, or where that is None "cannot read 'path'" and "the file".
    Raises CouldNotError for a file that cannot be read, InvalidInputError for one that is too
    large.
    """
    try:
        with path.open("rb") as file:
            return read_limited(file, limit, what or "the file")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise CouldNotError(f"cannot read {what or repr(str(path))}: {reason}") from None


def read_limited(stream: BinaryIO, limit: int | None = None, what: str = "the file") -> bytes:
    """All bytes of a stream, at most `limit` (None: LARGEST).

    Raises InvalidInputError for a longer stream, without reading the rest of it.
    """
    limit = LARGEST if limit is None else limit
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise InvalidInputError(f"{what} is larger than {limit:,} bytes, the most that is read")
    return data


def decompress_gzip(data: bytes) -> bytes:
    """The content of gzip data, as far as `check_growth` allows."""
    from gzip import GzipFile

    try:
        with GzipFile(fileobj=BytesIO(data)) as file:
            content = file.read(LARGEST_TEXT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError(f"invalid gzip: {one_line_message(error)}") from None
    check_growth(len(data), len(content), LARGEST_TEXT)
    return content


def decompress_zstd(data: bytes) -> bytes:
    """The content of Zstandard data, as far as `check_growth` allows.

    Raises CouldNotError if pyarrow, which decompresses it, is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise missing_package("reading Zstandard files (.zst)", "pyarrow", "arrow") from None
    try:
        with pyarrow.input_stream(BytesIO(data), compression="zstd") as stream:
            content = bytes(stream.read(LARGEST_TEXT + 1))
    except (OSError, pyarrow.ArrowException) as error:
        raise InvalidInputError(f"invalid zstd: {one_line_message(error)}") from None
    check_growth(len(data), len(content), LARGEST_TEXT)
    return content


def check_growth(n_packed: int, n_unpacked: int, limit: int) -> None:
    """Refuse compressed data that expands to more than `limit` bytes or by more than RATIO."""
    if n_unpacked > limit or (n_unpacked > HARMLESS and n_unpacked > RATIO * n_packed):
        raise InvalidInputError(
            f"{n_packed:,} compressed bytes expand to {n_unpacked:,} or more; the limit is "
            f"{limit:,} bytes, and above {HARMLESS:,} a ratio of {RATIO}"
        )


def memory_budget(n_byte: int) -> int:
    """The bytes that a file of arrays, of `n_byte` bytes, may take in memory."""
    return max(BUDGET, GROWTH * n_byte)


def machine_budget() -> int | None:
    """The bytes that arrays of a program may take beside their own; None: unknown.

    Arrays that are broadcast claim more memory than they have.
    """
    available = machine_memory()
    return None if available is None else int(MAX_MEMORY_SHARE * available)


def check_budget(n_byte: int, what: str, budget: int | None = None) -> None:
    """Refuse values of more than `budget` bytes in memory (None: BUDGET); nothing is built yet."""
    budget = BUDGET if budget is None else budget
    if n_byte > budget:
        size, limit = format_bytes(min(n_byte, 10**18)), format_bytes(max(budget, 0))
        raise InvalidInputError(
            f"{what} would take {size} in memory; the limit is {limit}. Save fewer layers, heads "
            "or tokens"
        )


def check_text_size(data: bytes) -> None:
    """Refuse bytes of more than LARGEST_TEXT."""
    if len(data) > LARGEST_TEXT:
        raise InvalidInputError(f"{len(data):,} bytes of text; at most {LARGEST_TEXT:,} are read")


def decode_text(data: bytes) -> str:
    """Bytes as strict UTF-8, without a leading byte order mark."""
    check_text_size(data)
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"byte {error.start} is not UTF-8") from None
    check_budget(text_bytes(text), f"a text of {len(text):,} characters")
    return text


def text_bytes(text: str) -> int:
    """The bytes that a text takes while it is parsed; one emoji makes each character 4 bytes."""
    return TEXT_COPIES * getsizeof(text)


def one_line_message(error: BaseException) -> str:
    """The message of a library's error in printable ASCII, without line breaks, shortened."""
    return ascii(str(error))[1:-1][:160]
