"""attnviz HTML pages: the maps in their data, with the precision that a page stores."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import RawAttention
from attnviz.sources.external.json_document import check_version, parse_document
from attnviz.sources.external.selection import Selection
from attnviz.sources.safe_read import check_budget, decode_text
from attnviz.sources.strict_json import parse_json

DATA = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')
CODES = ("uint8", "uint16", "int8", "int16")
MAX_VALUES = 1 << 26  # of one array of a page
BYTES_PER_VALUE = 5  # float32, and whether it is masked


def read_html(data: bytes, selection: Selection) -> RawAttention:
    """The selected map of a page, by its name in the page or by its index.

    Raises InvalidInputError for an invalid page.
    """
    match = DATA.search(data)
    document = parse_json(decode_text(match[1])) if match else None
    maps = document.get("maps") if isinstance(document, dict) else None
    if not isinstance(maps, list) or not all(isinstance(each, dict) for each in maps) or not maps:
        raise InvalidInputError("the page holds no attnviz map")
    names = [str(each.get("name")) for each in maps]
    by_name = selection.name is not None
    index, guesses = (
        selection.choose_name(names)
        if by_name
        else selection.choose_index(range(len(maps)), "map")
    )
    fields = maps[index]
    check_version(fields)
    arrays: dict[str, Any] = {}
    for name in ("weights", "query_vectors", "key_vectors"):
        if fields.get(name) is not None:
            arrays[name], masked = unpack_values(fields[name], name)
            if name == "weights" and masked.any():
                arrays["visible"] = np.logical_not(masked)
    return parse_document(fields, arrays, guesses)


def unpack_values(packed: Any, what: str) -> tuple[FloatArray, BoolArray]:
    """The dequantized values of a page, and which are masked.

    Formula: value = peak of the row · c, or · c² for the curve "square", c = (code - zero) / top
    Shapes: -> [layer, head, row, column], the same
    """
    shape, kind, layers = parse_packed_header(packed, what)
    zero = int(kind.min == 0)  # the lowest code stands for masked
    rows, codes = prod(shape[1:3]), kind.dtype.newbyteorder("<")
    start = 8 * rows * (2 if packed.get("sums") is True else 1)  # earlier pages had no row sums
    is_squared = packed.get("curve") == "square"
    size = start + prod(shape[1:]) * kind.dtype.itemsize
    check_budget(size + prod(shape) * BYTES_PER_VALUE, f"{what} of shape {shape}")
    values, masked = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for at, text in enumerate(layers):
        data = inflate(text, size, what)
        peaks = np.frombuffer(data, "<f8", rows).reshape(*shape[1:3], 1)
        code = np.frombuffer(data, codes, offset=start).reshape(shape[1:])
        masked[at] = code == kind.min
        for head in range(shape[1]):  # one by one: float64 takes 8 times as much as the codes
            with np.errstate(over="ignore", invalid="ignore"):  # non-finite: refused later
                fraction = (code[head].astype(np.float64) - zero) / (kind.max - zero)
                values[at, head] = (fraction**2 if is_squared else fraction) * peaks[head]
    values[masked] = 0.0
    return values, masked


def parse_packed_header(value: Any, what: str) -> tuple[tuple[int, ...], np.iinfo[Any], list[str]]:
    """The shape, integer type and encoded layers of packed values, each checked."""
    packed: Mapping[str, Any] = value if isinstance(value, dict) else {}
    shape, codes, layers = packed.get("shape"), packed.get("codes"), packed.get("layers")
    sizes = shape if isinstance(shape, list) else []
    if len(sizes) != 4 or not all(type(n) is int and 0 < n <= MAX_VALUES for n in sizes):
        raise InvalidInputError(f"{what}: the shape of packed values should be four sizes above 0")
    if prod(sizes) > MAX_VALUES:
        raise InvalidInputError(
            f"{what}: {prod(sizes):,} values; a page holds at most {MAX_VALUES:,}"
        )
    if not isinstance(codes, str) or codes not in CODES:
        raise InvalidInputError(f"{what}: codes should be one of {', '.join(CODES)}")
    texts = layers if isinstance(layers, list) else []
    if len(texts) != sizes[0] or not all(isinstance(text, str) for text in texts):
        raise InvalidInputError(f"{what}: there should be {sizes[0]} packed layers")
    return tuple(sizes), np.iinfo(codes), texts


def inflate(text: str, size: int, what: str) -> bytes:
    """The decompressed bytes of a layer, exactly `size`."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error):
        raise InvalidInputError(f"{what}: a packed layer is invalid") from None
    if len(data) != size:
        raise InvalidInputError(f"{what}: a packed layer should expand to {size:,} bytes")
    return data
