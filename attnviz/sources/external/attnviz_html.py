"""attnviz HTML pages: the maps in their data, with the precision that a page stores."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.json_document import check_version, parse_document
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.safe_read import check_budget, decode_text
from attnviz.sources.strict_json import parse_json

DATA = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')
END = b"</html>"
CODES = ("uint8", "uint16", "int8", "int16")
CURVES = ("linear", "square")  # pages without one are linear
MAX_VALUES = 1 << 26  # of one array of a page
BYTES_PER_VALUE = 10  # float32, and whether it is masked; and again in the map
VALUES = ("weights", "query_vectors", "key_vectors")


def read_html(data: bytes, selection: Selection) -> RawAttention:
    """The selected map of a page, by its name in the page or by its index.

    Raises InvalidInputError for an invalid page.
    """
    match = DATA.search(data)
    if match is None and END not in data:
        raise InvalidInputError(
            "the page is cut off: its data do not end in it; save, copy or download it again"
        )
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
    names = [name for name in VALUES if fields.get(name) is not None]
    packed = {name: parse_packed_header(fields[name], name) for name in names}
    check_budget(sum(map(unpacked_bytes, packed.values())), "the values of this page")
    for name in names:
        arrays[name], masked = unpack_values(packed[name], name)
        if name == "weights" and masked.any():
            arrays["visible"] = np.logical_not(masked)
    return parse_document(fields, arrays, guesses)


class PackedValues(NamedTuple):
    """The header of packed values, and their layers in base64."""

    shape: tuple[int, ...]
    kind: np.iinfo[Any]
    layers: list[str]
    is_squared: bool
    has_sums: bool
    has_planes: bool

    @property
    def codes_start(self) -> int:
        """The bytes of a layer before its codes: the peak of each row, and its sum if stated."""
        return 8 * prod(self.shape[1:3]) * (2 if self.has_sums else 1)

    @property
    def layer_bytes(self) -> int:
        """The bytes of a layer, decompressed."""
        return self.codes_start + prod(self.shape[1:]) * self.kind.dtype.itemsize


def unpacked_bytes(packed: PackedValues) -> int:
    """The bytes that packed values take in memory."""
    return packed.layer_bytes + prod(packed.shape) * BYTES_PER_VALUE


def unpack_values(packed: PackedValues, what: str) -> tuple[FloatArray, BoolArray]:
    """The dequantized values of a page, and which are masked.

    Formula: value = peak of the row · c, or · c² for the curve "square", c = (code - zero) / top
    Where the sums of rows are stored, what rounding has taken from them is given back.
    Shapes: -> [layer, head, row, column], the same
    """
    shape, kind = packed.shape, packed.kind
    zero = int(kind.min == 0)  # the lowest code stands for masked
    top = kind.max - zero
    rows, codes = prod(shape[1:3]), kind.dtype.newbyteorder("<")
    values, masked = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for at, text in enumerate(packed.layers):
        data = inflate(text, packed.layer_bytes, what)
        peaks = np.frombuffer(data, "<f8", rows).reshape(*shape[1:3], 1)
        sums = np.frombuffer(data, "<f8", 2 * rows if packed.has_sums else 0)[rows:]
        stored = np.frombuffer(data, np.uint8, offset=packed.codes_start)
        if packed.has_planes:  # of each head all low bytes, then all high bytes
            stored = stored.reshape(shape[1], 2, -1).transpose(0, 2, 1)
        code = np.ascontiguousarray(stored).view(codes).reshape(shape[1:])
        masked[at] = code == kind.min
        for head in range(shape[1]):  # one by one: float64 takes 8 times as much as the codes
            with np.errstate(over="ignore", invalid="ignore"):  # non-finite: refused later
                fraction = (code[head].astype(np.float64) - zero) / top
                fraction[masked[at, head]] = 0.0
                row = (fraction**2 if packed.is_squared else fraction) * peaks[head]
                if sums.size and zero:
                    steps = fraction * peaks[head] if packed.is_squared else peaks[head]
                    steps = np.where((fraction > 0) & (fraction < 1), steps / top, 0.0)
                    row = restore_sums(row, sums.reshape(shape[1:3])[head], steps)
                values[at, head] = row
    return values, masked


def restore_sums(values: FloatArray, sums: FloatArray, steps: FloatArray) -> FloatArray:
    """Rows with the sums that they had before rounding, or as close as these steps allow.

    `steps`: how far each value may be changed, which is the order of its rounding error.
    Shapes: [row, column], [row], [row, column] -> [row, column]
    """
    missing, limits = sums - values.sum(-1), steps.sum(-1)
    shares = np.divide(missing, limits, out=np.zeros_like(limits), where=limits > 0)
    return values + steps * np.clip(shares, -1.0, 1.0)[:, None]


def parse_packed_header(value: Any, what: str) -> PackedValues:
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
    curve = packed.get("curve", CURVES[0])
    has_sums, has_planes = (packed.get(name, False) for name in ("sums", "planes"))
    if curve not in CURVES or not isinstance(has_sums, bool) or not isinstance(has_planes, bool):
        raise InvalidInputError(
            f"{what}: curve should be one of {', '.join(CURVES)}, sums and planes true or false"
        )
    kind = np.iinfo(codes)
    if has_planes and kind.bits != 16:
        raise InvalidInputError(f"{what}: {codes} has one byte per code, and no planes")
    return PackedValues(tuple(sizes), kind, texts, curve == "square", has_sums, has_planes)


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
