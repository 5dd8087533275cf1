"""Pickles of tensors, read by an interpreter of a few opcodes that imports and calls nothing.

A pickle is a program for a stack machine; Python's own unpickler imports and calls whatever it
names. Here a name stays text: one that is in a given table stands for a function of ours, and any
other is refused. The opcodes are those that torch.save writes (protocol 2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from attnviz.errors import InvalidInputError

MAX_BYTES = 32 << 20  # bytes of a pickle; that of 1,000 tensors has 0.2 MB
MAX_OPERATIONS = 1_000_000  # 26 for a tensor
MAX_NAME = 512  # bytes of a line of text
MAX_INTEGER = 16  # bytes of an integer

PROTO, STOP = b"\x80", b"."
CONSTANTS: Mapping[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False, b")": ()}
INTEGERS = {b"K": "<B", b"M": "<H", b"J": "<i"}  # opcode -> format
TEXTS = {b"X": "<I", b"T": "<i", b"U": "<B"}  # opcode -> format of the length
TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}  # opcode -> items
NAMES = {b"i": "INST", b"o": "OBJ", b"\x81": "NEWOBJ", b"\x93": "STACK_GLOBAL"}

Call = Callable[[tuple[Any, ...]], Any]


class Name(NamedTuple):
    """A name that the pickle would import, and what stands for it."""

    text: str
    value: Any


class PickleReader:
    """The interpreter of one pickle at a position of a file.

    `names` are the values of allowed names; those that are functions may be called. `load` turns
    a persistent id, which stands for data outside of the pickle, into a value.
    Raises InvalidInputError for anything else, with the byte.
    """

    def __init__(
        self, data: memoryview, position: int, names: Mapping[str, Any], load: Call
    ) -> None:
        self.data, self.position, self.names, self.load_id = data, position, names, load
        self.end = min(len(data), position + MAX_BYTES)
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The value of the pickle; `position` is then after it."""
        for _ in range(MAX_OPERATIONS):
            code = self.take(1)
            if code == STOP:
                return self.pop()
            self.run(code)
        raise self.error(f"more than {MAX_OPERATIONS:,} operations")

    def run(self, code: bytes) -> None:
        """Run one operation."""
        if code in CONSTANTS:
            self.stack.append(CONSTANTS[code])
        elif code in INTEGERS:
            self.stack.append(self.number(INTEGERS[code]))
        elif code in TEXTS:
            self.stack.append(self.text(self.number(TEXTS[code])))
        elif code in TUPLES:
            items = [self.pop() for _ in range(TUPLES[code])]
            self.stack.append(tuple(reversed(items)))
        elif code in OPERATIONS:
            OPERATIONS[code](self)
        else:
            name = NAMES.get(code, f"\\x{code.hex()}")
            raise self.error(f"operation {name} is not one of those that store tensors")

    def error(self, message: str) -> InvalidInputError:
        """The error for a pickle that is damaged or not allowed, with the byte."""
        return InvalidInputError(f"byte {self.position} of its pickle: {message}")

    def take(self, n: int) -> bytes:
        """The next n bytes."""
        if not 0 <= n <= self.end - self.position:
            raise self.error(f"{n:,} bytes are missing, or the pickle is too long")
        self.position += n
        return bytes(self.data[self.position - n : self.position])

    def line(self) -> str:
        """The text up to the next line break."""
        part = bytes(self.data[self.position : min(self.end, self.position + MAX_NAME)])
        end = part.find(b"\n")
        if end < 0:
            raise self.error("a name is too long")
        self.position += end + 1
        return ascii(part[:end].decode("utf-8", "replace"))[1:-1]

    def number(self, form: str) -> int:
        """A little-endian integer."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def text(self, n: int) -> str:
        """A text of n bytes."""
        try:
            return self.take(n).decode()
        except UnicodeDecodeError:
            raise self.error("a text is not UTF-8") from None

    def pop(self) -> Any:
        """The value on top of the stack."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise self.error("the stack is empty")
        return self.stack.pop()

    def pop_items(self) -> list[Any]:
        """The values above the last mark, which is removed."""
        if not self.marks:
            raise self.error("there is no mark")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        """The value on top of the stack, which stays there and is of a type."""
        value = self.pop()
        if not isinstance(value, kind):
            raise self.error(f"a {kind.__name__} is missing")
        self.stack.append(value)
        return value

    def protocol(self) -> None:
        """The version of the format."""
        if (version := self.number("<B")) != 2:
            raise self.error(f"protocol {version} is not supported, only 2")

    def mark(self) -> None:
        """Mark the top of the stack."""
        self.marks.append(len(self.stack))

    def long(self) -> None:
        """An integer of some bytes."""
        n = self.number("<B")
        if n > MAX_INTEGER:
            raise self.error(f"an integer of {n} bytes")
        self.stack.append(int.from_bytes(self.take(n), "little", signed=True))

    def float(self) -> None:
        """A float64."""
        self.stack.append(struct.unpack(">d", self.take(8))[0])

    def global_name(self) -> None:
        """A name, which is looked up in the table."""
        text = f"{self.line()}.{self.line()}"
        if text not in self.names:
            raise self.error(
                f"it would import {text:.120}; only tensors are read, and nothing is imported"
            )
        self.stack.append(Name(text, self.names[text]))

    def reduce(self) -> None:
        """Call a function of the table."""
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not callable(function.value):
            raise self.error("it would call what is no function that builds tensors")
        if not isinstance(arguments, tuple):
            raise self.error("the arguments of a call are no tuple")
        try:
            self.stack.append(function.value(arguments))
        except InvalidInputError as error:
            raise self.error(f"{function.text}: {error}") from None

    def build(self) -> None:
        """Set attributes: those of an OrderedDict ("_metadata") are left out."""
        self.pop()
        self.top(dict)

    def persistent_id(self) -> None:
        """Data outside of the pickle."""
        key = self.pop()
        if not isinstance(key, tuple):
            raise self.error("a persistent id is no tuple")
        try:
            self.stack.append(self.load_id(key))
        except InvalidInputError as error:
            raise self.error(str(error)) from None

    def set_pairs(self, items: list[Any]) -> None:
        """Set entries of the dict on top of the stack."""
        target = self.top(dict)
        if len(items) % 2:
            raise self.error("a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):  # the hash of nested tuples may take long
                raise self.error("a key of a dict is neither text nor an integer")
            target[key] = value

    def set_item(self) -> None:
        """Set one entry."""
        value, key = self.pop(), self.pop()
        self.set_pairs([key, value])

    def extend(self, items: list[Any]) -> None:
        """Append values to the list on top of the stack."""
        self.top(list).extend(items)

    def put(self, form: str) -> None:
        """Store the top of the stack in the memo."""
        index = self.number(form)
        value = self.pop()
        self.stack.append(value)
        self.memo[index] = value

    def get(self, form: str) -> None:
        """Push a value of the memo."""
        index = self.number(form)
        if index not in self.memo:
            raise self.error(f"the memo has no entry {index}")
        self.stack.append(self.memo[index])


OPERATIONS: Mapping[bytes, Callable[[PickleReader], None]] = {
    PROTO: PickleReader.protocol,
    b"(": PickleReader.mark,
    b"\x8a": PickleReader.long,
    b"G": PickleReader.float,
    b"c": PickleReader.global_name,
    b"R": PickleReader.reduce,
    b"b": PickleReader.build,
    b"Q": PickleReader.persistent_id,
    b"s": PickleReader.set_item,
    b"u": lambda reader: reader.set_pairs(reader.pop_items()),
    b"a": lambda reader: reader.extend([reader.pop()]),
    b"e": lambda reader: reader.extend(reader.pop_items()),
    b"t": lambda reader: reader.stack.append(tuple(reader.pop_items())),
    b"}": lambda reader: reader.stack.append({}),
    b"]": lambda reader: reader.stack.append([]),
    b"q": lambda reader: reader.put("<B"),
    b"r": lambda reader: reader.put("<I"),
    b"h": lambda reader: reader.get("<B"),
    b"j": lambda reader: reader.get("<I"),
}
