"""Protocol Buffers wire format: the fields of one message, read within its bytes.

A field is a varint key (number << 3 | wire type) and a value: a varint (0), 8 bytes (1), a length
and that many bytes (2), or 4 bytes (5).
"""

from __future__ import annotations

from collections.abc import Iterator

from attnviz.errors import InvalidInputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}  # bytes
MAX_VARINT = 10  # bytes

Field = tuple[int, int, int | bytes]  # number, wire type, value


def read_fields(message: bytes) -> Iterator[Field]:
    """The fields of a message in their order; a nested message is bytes.

    Raises InvalidInputError for bytes that are no message.
    """
    position = 0
    while position < len(message):
        key, position = read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, position = read_varint(message, position)
            yield number, wire_type, value
            continue
        if wire_type == BYTES:
            width, position = read_varint(message, position)
        elif wire_type in WIDTHS:
            width = WIDTHS[wire_type]
        else:
            raise InvalidInputError(f"byte {position}: wire type {wire_type} is not supported")
        if width > len(message) - position:
            raise InvalidInputError(
                f"byte {position}: a field of {width:,} bytes, but {len(message) - position:,} "
                "bytes follow"
            )
        yield number, wire_type, message[position : position + width]
        position += width


def read_varint(message: bytes, position: int) -> tuple[int, int]:
    """An unsigned integer in groups of 7 bits, lowest first, and the position after it."""
    value = 0
    for i in range(MAX_VARINT):
        if position + i >= len(message):
            raise InvalidInputError(f"byte {position}: the file ends within a number")
        byte = message[position + i]
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, position + i + 1
    raise InvalidInputError(f"byte {position}: a number of more than {MAX_VARINT} bytes")
