"""Sentences from bytes: one a line, read one at a time, trusted with nothing.

Only LF ends a line, so form feeds and U+2028 stay in the sentence they stand in, as does NUL.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from attnviz.errors import InvalidInputError

CAP = 1 << 20  # bytes of a line
LONGEST = 1 << 26  # bytes of a text that is read whole


def sentences(stream: BinaryIO, cap: int = CAP) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number, the first line being 1.

    Raises InvalidInputError at the first line that is too long or not UTF-8. Who wants to go
    on after it takes `numbered` and `decoded` apart.
    """
    for number, content in numbered(stream, cap):
        text = decoded(number, content, cap)
        if text.strip():
            yield number, text


def whole(stream: BinaryIO, cap: int = LONGEST) -> Iterator[str]:
    """The one text that a stream holds, unless it is blank.

    Raises InvalidInputError for a text that is too long or not UTF-8.
    """
    content = stream.read(cap + 1)
    if len(content) > cap:
        raise InvalidInputError(f"the text has more than {cap} bytes, the most a text may")
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = problem.start - content.rfind(b"\n", 0, problem.start)
        raise InvalidInputError(not_utf8(line, byte, content[problem.start], problem)) from None
    if text.strip():
        yield text


def numbered(stream: BinaryIO, cap: int = CAP) -> Iterator[tuple[int, bytes]]:
    """Every line without its end (LF or CR LF). Of one that is too long, a little over `cap`."""
    for number in count(1):
        content = stream.readline(cap + 2)
        if not content:
            return
        yield number, content.removesuffix(b"\n").removesuffix(b"\r")
        while len(content) == cap + 2 and not content.endswith(b"\n"):
            content = stream.readline(cap + 2)


def decoded(number: int, content: bytes, cap: int = CAP) -> str:
    """The text of a line, strictly UTF-8, without the mark that may begin a file.

    Raises InvalidInputError with line and byte, both counted from 1.
    """
    if len(content) > cap:
        raise InvalidInputError(f"line {number} has more than {cap} bytes, the most a line may")
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        at = problem.start
        raise InvalidInputError(not_utf8(number, at + 1, content[at], problem)) from None
    return text.removeprefix("\ufeff") if number == 1 else text


def not_utf8(line: int, byte: int, value: int, problem: UnicodeDecodeError) -> str:
    """Where a text cannot be read, and why."""
    return f"line {line}, byte {byte} is not UTF-8: 0x{value:02x} ({problem.reason})"
