"""Our own pages, read back: the map that a page draws, within the steps that it is kept in."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found, assemble
from attnviz.sources.external.json_document import check_version, found
from attnviz.sources.external.safe_read import text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import value

ISLAND = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')
CODES = ("uint8", "uint16", "int8", "int16")
MOST = 1 << 26  # numbers of a page


def read_page(data: bytes) -> AttentionMap:
    """The map of a page; the first, where it holds several."""
    return assemble(html(data, Wish()), None, Wish(), "attnviz")


def html(data: bytes, wish: Wish) -> Found:
    """The map of a page, or the wanted one, by its name there or by its number.

    Raises InvalidInputError for what is no page of attnviz, or a broken one.
    """
    match = ISLAND.search(data)
    island = value(text_of(match[1])) if match else None
    maps = island.get("maps") if isinstance(island, dict) else None
    if not isinstance(maps, list) or not all(isinstance(said, dict) for said in maps) or not maps:
        raise InvalidInputError("the page holds no map of attnviz")
    names = [str(said.get("name")) for said in maps]
    by_name = wish.name is not None
    place, guessed = wish.named(names) if by_name else wish.numbered(range(len(maps)), "map")
    said = maps[place]
    check_version(said)
    arrays: dict[str, Any] = {}
    for name in ("weights", "query_vectors", "key_vectors"):
        if said.get(name) is not None:
            arrays[name], hidden = unpacked(said[name], name)
            if name == "weights" and hidden.any():
                arrays["visible"] = np.logical_not(hidden)
    return found(said, arrays, guessed)


def unpacked(said: Any, what: str) -> tuple[FloatArray, BoolArray]:
    """Numbers of a page, and which are hidden.    -> [layer, head, row, column], the same

    Formula: value = (code - zero) · peak of the row / top
    """
    shape, kind, layers = described(said, what)
    zero = int(kind.min == 0)  # the lowest code means: hidden
    rows, codes = prod(shape[1:3]), kind.dtype.newbyteorder("<")
    size = 8 * rows + prod(shape[1:]) * kind.dtype.itemsize
    numbers, hidden = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for at, text in enumerate(layers):
        data = inflated(text, size, what)
        peaks = np.frombuffer(data, "<f8", rows).reshape(*shape[1:3], 1)
        whole = np.frombuffer(data, codes, offset=8 * rows).reshape(shape[1:])
        hidden[at] = whole == kind.min
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
            values = (whole.astype(np.float64) - zero) / (kind.max - zero) * peaks
            numbers[at] = np.where(hidden[at], 0.0, values)
    return numbers, hidden


def described(said: Any, what: str) -> tuple[tuple[int, ...], np.iinfo[Any], list[str]]:
    """The shape, the kind of codes and the layers of packed numbers, each checked."""
    packed: Mapping[str, Any] = said if isinstance(said, dict) else {}
    shape, codes, layers = packed.get("shape"), packed.get("codes"), packed.get("layers")
    sizes = shape if isinstance(shape, list) else []
    if len(sizes) != 4 or not all(type(n) is int and 0 <= n <= MOST for n in sizes):
        raise InvalidInputError(f"{what}: the shape of packed numbers should be four sizes")
    if prod(sizes) > MOST:
        raise InvalidInputError(f"{what}: {prod(sizes):,} numbers; a page holds up to {MOST:,}")
    if not isinstance(codes, str) or codes not in CODES:
        raise InvalidInputError(f"{what}: codes should be one of {', '.join(CODES)}")
    texts = layers if isinstance(layers, list) else []
    if len(texts) != sizes[0] or not all(isinstance(text, str) for text in texts):
        raise InvalidInputError(f"{what}: there should be {sizes[0]} packed layers")
    return tuple(sizes), np.iinfo(codes), texts


def inflated(text: str, size: int, what: str) -> bytes:
    """The bytes of a layer: as many as there must be, and never more."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error):
        raise InvalidInputError(f"{what}: a packed layer is broken") from None
    if len(data) != size:
        raise InvalidInputError(
            f"{what}: a packed layer does not hold the {size:,} bytes it should"
        )
    return data
