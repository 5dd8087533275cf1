"""Sentences from bytes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, BytesIO, RawIOBase
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.cli.input.lines import decode_line, number_lines
from attnviz.errors import InvalidInputError


def sentences(stream: BinaryIO, cap: int) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number."""
    for number, content in number_lines(stream, cap):
        text = decode_line(number, content, cap)
        if text.strip():
            yield number, text


def read(content: bytes, cap: int = 100) -> list[tuple[int, str]]:
    return list(sentences(BytesIO(content), cap))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"one", [(1, "one")]),
        (b"one\ntwo\n", [(1, "one"), (2, "two")]),
        (b"one\r\ntwo\r\r\n", [(1, "one"), (2, "two\r")]),
        (b"one\rtwo", [(1, "one\rtwo")]),
        (b"\xef\xbb\xbfone\n\xef\xbb\xbftwo", [(1, "one"), (2, "\ufefftwo")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfone", [(1, "\ufeffone")]),
        (b"\xef\xbb\xbf\n", []),
        (b" \n\t\r\n one ", [(3, " one ")]),
        ("\u3000\n\u2028x\u2029y\x0bz\x0c\x85\n".encode(), [(2, "\u2028x\u2029y\x0bz\x0c\x85")]),
        (b"a\x00b\n\x00", [(1, "a\x00b"), (2, "\x00")]),
    ],
)
def test_lines_end_at_lf_alone(content, expected):
    assert read(content) == expected


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"one\nna\xefve\n", "line 2, byte 3 is not UTF-8: 0xef"),
        (b"\xef\xbb\xbfa\xff", "line 1, byte 5 is not UTF-8: 0xff"),
        (b"\n\ncut \xe2\x82", "line 3, byte 5 is not UTF-8: 0xe2"),
        (b"\xed\xa0\x80", "line 1, byte 1 is not UTF-8: 0xed"),
        (b"\xff\xfea\x00\n", "line 1, byte 1 is not UTF-8: 0xff"),
        (b"\xc0\xaf", "line 1, byte 1 is not UTF-8: 0xc0"),
    ],
)
def test_invalid_utf8_is_reported_with_its_position(content, where):
    with pytest.raises(InvalidInputError, match=where):
        read(content)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_may_be_as_long_as_the_cap(end):
    assert read(b"x" * 10 + end, cap=10) == [(1, "x" * 10)]
    with pytest.raises(InvalidInputError, match="line 1 has more than 10 bytes"):
        read(b"x" * 11 + end, cap=10)


class Endless(RawIOBase):
    """A line without an end; it counts what was read of it."""

    taken = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.taken += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_line_without_an_end_is_refused_at_once():
    stream = Endless()
    with pytest.raises(InvalidInputError, match="line 1 has more than 10 bytes"):
        next(sentences(BufferedReader(stream, 16), cap=10))
    assert stream.taken <= 32


def test_reading_can_continue_after_a_long_line():
    lines = number_lines(BytesIO(b"x" * 1000 + b"\nnext"), cap=10)
    assert list(lines) == [(1, b"x" * 12), (2, b"next")]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    for number, line in number_lines(BytesIO(content), cap=20):
        assert b"\n" not in line and 1 <= number <= content.count(b"\n") + 1
        try:
            text = decode_line(number, line, cap=20)
        except InvalidInputError as problem:
            assert f"line {number}" in str(problem)
        else:
            assert line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"") == text.encode()
