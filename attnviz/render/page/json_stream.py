"""JSON in chunks: long arrays are encoded while they are written, and never held as a whole."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attnviz.record import Record
from attnviz.render.data.json_document import to_json_line


class Base64Text(Record, eq=False):
    """Chunks of bytes, in JSON a string of base64."""

    chunks: Iterable[bytes]

    def encode(self) -> Iterator[bytes]:
        """The text in chunks; three bytes make four letters, so that a rest is kept."""
        rest = b""
        for chunk in self.chunks:
            data = rest + chunk
            end = len(data) - len(data) % 3
            yield b64encode(data[:end])
            rest = data[end:]
        yield b64encode(rest)


class RawJson(Record, eq=False):
    """Chunks of bytes that are JSON already, as `json_chunks` encodes it."""

    chunks: Iterable[bytes]


def json_chunks(value: Any) -> Iterator[bytes]:
    """A JSON value in chunks: an iterator is a list, `Base64Text` a string; safe in HTML.

    `RawJson` is written as it is.
    """
    if isinstance(value, Base64Text):
        yield b'"'
        yield from value.encode()
        yield b'"'
    elif isinstance(value, RawJson):
        yield from value.chunks
    elif isinstance(value, Iterator):
        yield b"["
        for i, item in enumerate(value):
            yield b"," if i else b""
            yield from json_chunks(item)
        yield b"]"
    elif isinstance(value, Mapping):
        yield b"{"
        for i, (name, item) in enumerate(value.items()):
            yield (b"," if i else b"") + encode_json(name) + b":"
            yield from json_chunks(item)
        yield b"}"
    else:
        yield encode_json(value)


def encode_json(value: Any) -> bytes:
    """A JSON value as ASCII that is safe inside an HTML page."""
    return to_json_line(value).rstrip(b"\n")
