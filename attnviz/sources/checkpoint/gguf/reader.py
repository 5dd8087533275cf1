"""Numbers, strings and arrays of a GGUF header, read one after the other.

Every length is compared with the bytes that are left before anything is read or allocated.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from attnviz.core.arrays import Shape
from attnviz.errors import InvalidInputError

SCALARS: Mapping[int, str] = {  # type of a value -> its format in `struct`
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
}
STRING, ARRAY = 8, 9
MAX_HEADER = 1 << 28  # bytes; those of the largest vocabularies have 20 MB
MAX_STRINGS = 1 << 22  # of all arrays; vocabularies and their merges have up to a million
MAX_AXES = 4


class HeaderReader:
    """Reads values one after the other; nothing is read beyond the end of the file."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data = path, data
        self.position, self.n_string = 0, 0
        self.limit = min(len(data), MAX_HEADER)

    def refuse(self, reason: str) -> NoReturn:
        """Raise InvalidInputError with the file and a reason."""
        raise InvalidInputError(f"{str(self.path)!r} is not a valid GGUF file: {reason}")

    def require(self, n_byte: int, what: str) -> None:
        """Refuse a value that ends beyond the file or the largest header."""
        if self.position + n_byte <= self.limit:
            return
        if self.limit < len(self.data):
            self.refuse(f"its header is larger than {MAX_HEADER:,} bytes, at {what}")
        self.refuse(f"it ends within {what}")

    def number(self, code: str, what: str = "its header") -> Any:
        """A number, by its format in `struct`."""
        size = struct.calcsize("<" + code)
        self.require(size, what)
        (value,) = struct.unpack_from("<" + code, self.data, self.position)
        self.position += size
        return value

    def count(self, maximum: int, what: str) -> int:
        """A number of things, up to a maximum."""
        n: int = self.number("Q", f"the number of {what}")
        if n > maximum:
            self.refuse(f"it states {n:,} {what}; at most {maximum:,} are read")
        return n

    def string(self, what: str) -> str:
        """A string in UTF-8, after its length."""
        n = self.number("Q", what)
        self.require(n, what)
        content = self.data[self.position : self.position + n]
        self.position += n
        return self.decode(content, what)

    def decode(self, content: bytes, what: str) -> str:
        """Bytes as UTF-8."""
        try:
            return content.decode()
        except UnicodeDecodeError:
            self.refuse(f"{what} is not UTF-8")

    def value(self, key: str) -> Any:
        """A metadata value, after its type."""
        what = f"the value of {key[:80]!r}"
        kind = self.number("I", what)
        if kind == STRING:
            return self.string(what)
        if kind == ARRAY:
            return self.array(what)
        if kind not in SCALARS:
            self.refuse(f"{what} has the unknown type {kind}")
        return self.number(SCALARS[kind], what)

    def array(self, what: str) -> Any:
        """An array: strings as a list, numbers as they are stored.    -> [n]"""
        kind, n = self.number("I", what), self.number("Q", what)
        if kind == STRING:
            self.require(8 * n, what)
            self.n_string += n
            if self.n_string > MAX_STRINGS:
                self.refuse(f"its arrays have more than {MAX_STRINGS:,} strings")
            return list(self.strings(n, what))
        if kind not in SCALARS:
            self.refuse(f"{what} is an array of the type {kind}")
        size = struct.calcsize(SCALARS[kind])
        self.require(size * n, what)
        dtype = np.dtype("<" + SCALARS[kind])
        numbers = np.frombuffer(self.data, dtype, count=n, offset=self.position)
        self.position += size * n
        return numbers

    def strings(self, n: int, what: str) -> Iterator[str]:
        """The strings of an array; the loop is as short as it can be: there are 100,000."""
        data, position, limit = self.data, self.position, self.limit
        length = struct.Struct("<Q").unpack_from
        for _ in range(n):
            start = position + 8
            position = start + length(data, position)[0] if start <= limit else limit + 1
            if position > limit:
                self.position = limit
                self.require(1, what)
            yield self.decode(data[start:position], what)
        self.position = position

    def tensor_entry(self) -> tuple[str, Shape, int, int]:
        """Name, shape, number of the kind, and offset of a tensor."""
        name = self.string("the name of a tensor")
        what = f"the entry of the tensor {name[:80]!r}"
        n_axis = self.number("I", what)
        if not 1 <= n_axis <= MAX_AXES:
            self.refuse(f"the tensor {name[:80]!r} has {n_axis:,} axes; 1 to {MAX_AXES} are read")
        sizes = [self.number("Q", what) for _ in range(n_axis)]
        if 0 in sizes:
            self.refuse(f"the tensor {name[:80]!r} has an axis of size 0")
        return name, tuple(reversed(sizes)), self.number("I", what), self.number("Q", what)
