"""Lines and whole texts from untrusted bytes: UTF-8, of limited size, one line at a time.

Only LF ends a line, so form feeds, U+2028 and NUL stay in their sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from attnviz.errors import InvalidInputError

MAX_LINE_BYTES = 1 << 20
MAX_TEXT_BYTES = 1 << 26  # of a text that is read as a whole


def read_whole(stream: BinaryIO, cap: int = MAX_TEXT_BYTES) -> Iterator[str]:
    """The one text of a stream, unless it is blank.

    Raises InvalidInputError for a text that is too long or not UTF-8.
    """
    content = stream.read(cap + 1)
    if len(content) > cap:
        raise InvalidInputError(f"the text is larger than {cap} bytes")
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = error.start - content.rfind(b"\n", 0, error.start)
        message = utf8_error_message(line, byte, content[error.start], error)
        raise InvalidInputError(message) from None
    if text.strip():
        yield text


def number_lines(stream: BinaryIO, cap: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, from 1, without LF or CR LF.

    A line longer than `cap` is cut to a little more than `cap` bytes, which `decode_line` refuses.
    """
    number = 0
    while content := stream.readline(cap + 2):
        number += 1
        yield number, content.removesuffix(b"\n").removesuffix(b"\r")
        while len(content) == cap + 2 and not content.endswith(b"\n"):
            content = stream.readline(cap + 2)


def decode_line(number: int, content: bytes, cap: int = MAX_LINE_BYTES) -> str:
    """The text of a line, strictly UTF-8, without a byte order mark at the start of the file.

    Raises InvalidInputError with line and byte, both counted from 1.
    """
    if len(content) > cap:
        raise InvalidInputError(f"line {number} has more than {cap} bytes, the maximum")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        at = error.start
        message = utf8_error_message(number, at + 1, content[at], error)
        raise InvalidInputError(message) from None
    return text.removeprefix("\ufeff") if number == 1 else text


def name_line(number: int, error: Exception) -> str:
    """The message of an error in a line, which begins with the line."""
    message = str(error)
    return message if message.startswith(f"line {number}") else f"line {number}: {message}"


def utf8_error_message(line: int, byte: int, value: int, error: UnicodeDecodeError) -> str:
    """Where a text is not UTF-8, and why."""
    return f"line {line}, byte {byte} is not UTF-8: 0x{value:02x} ({error.reason})"
