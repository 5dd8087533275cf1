"""Quantization: arrays as 8- or 16-bit integers with one scale per row, deflated, in base64.

The scale of a row is its largest magnitude over the largest code, so that a diffuse row is as
precise, in proportion, as one that attends to a single key. 8-bit codes are uniform in the square
root of the weight: beside an attention sink, most weights of a row are below 1/500 of its largest,
which is half a step of linear 8-bit codes. Each row comes with its exact sum. The lowest code
means masked. 16-bit codes are stored as the low bytes of a head, then its high bytes: high bytes
repeat, low ones do not.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.parallel import map_tasks
from attnviz.record import Record
from attnviz.render.data.decimals import row_blocks
from attnviz.render.page.json_stream import Base64Text

MAX_16_BIT_VALUES = 1 << 22  # unsigned arrays with more nonzero values are stored in 8 bits
MAX_VECTOR_VALUES = 1 << 20  # arrays of vectors with more values are left out of a page
MAX_WEIGHTS = 1 << 26  # per page: more than a browser can open
LAYERS_AT_ONCE = 4  # compressed by several threads, and in memory together
LARGE = 1 << 20  # values from which threads are worth starting


def quantize(array: FloatArray, signed: bool, visible: BoolArray | None = None) -> dict[str, Any]:
    """Quantize each row.    [layer, head, row, column] -> one base64 text per layer

    Formula: value = peak · c for 16 bits and peak · c² for 8, with c = (code - zero) / top and
    peak the row's largest magnitude; per layer the bytes of peaks, row sums and codes. The texts
    are made while they are written, on any number of threads: `layers` can be read once.
    Error: at most peak / 131,070 for 16 bits; for 8 bits, peak / 254 beside another weight of
    that size, so that it is at most 0.002 in a row that sums to 1
    """
    bits = 16 if signed or np.count_nonzero(array) <= MAX_16_BIT_VALUES else 8
    codes = Codes(bits, signed)
    seen = None if visible is None else np.broadcast_to(visible, array.shape)
    rows = list(map_tasks(row_facts, list(array), is_large=array.size > LARGE))

    def pack_layer(i: int) -> list[bytes]:
        peaks, sums, _ = rows[i]
        return list(
            deflate(layer_bytes(codes, array[i], None if seen is None else seen[i], peaks, sums))
        )

    return {
        "codes": codes.kind.dtype.name,
        "curve": "square" if bits == 8 else "linear",
        "hidden": codes.kind.min,
        "zero": codes.zero,
        "top": codes.top,
        "sums": True,
        "rounds_to_zero": any(codes.rounds_to_zero(least, peaks) for peaks, _, least in rows),
        "planes": codes.has_planes,
        "shape": list(array.shape),
        "layers": map(Base64Text, pack_layers(pack_layer, array)),
    }


def pack_layers(pack: Callable[[int], list[bytes]], array: FloatArray) -> Iterator[list[bytes]]:
    """The compressed bytes of each layer, of a few at a time.    [layer, head, row, column]"""
    for first in range(0, len(array), LAYERS_AT_ONCE):
        layers = range(first, min(first + LAYERS_AT_ONCE, len(array)))
        yield from map_tasks(pack, layers, is_large=array.size > LARGE)


class Codes(Record):
    """The integers that stand for the shares of a row's peak."""

    bits: int
    signed: bool

    @property
    def kind(self) -> np.iinfo[Any]:
        """Type and range of the codes; the lowest means masked."""
        return np.iinfo(f"{'int' if self.signed else 'uint'}{self.bits}")

    @property
    def zero(self) -> int:
        """The code of the weight 0."""
        return 0 if self.signed else 1

    @property
    def top(self) -> int:
        """The steps from 0 to the peak."""
        return int(self.kind.max) - self.zero

    @property
    def has_planes(self) -> bool:
        """Whether the codes of a head are stored as all low bytes, then all high bytes."""
        return self.bits == 16

    def steps(self, array: FloatArray, peaks: FloatArray) -> FloatArray:
        """The steps of each weight, rounded.    [head, row, column], [head, row] -> the first"""
        peaks = peaks[..., None]
        shares = np.divide(array, peaks, out=np.zeros(array.shape), where=peaks > 0)
        steps: FloatArray = np.rint((np.sqrt(shares) if self.bits == 8 else shares) * self.top)
        return steps

    def rounds_to_zero(self, least: FloatArray, peaks: FloatArray) -> bool:
        """Whether a weight above 0 has the code of 0.    [head, row], [head, row]"""
        return bool(((self.steps(least[..., None], peaks)[..., 0] == 0) & (peaks > 0)).any())


def row_facts(layer: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Largest magnitude, sum and smallest magnitude above 0 of each row (else 0), float64.

    Shapes: [head, row, column] -> [head, row] each
    """
    peaks, sums, least = np.zeros((3, *layer.shape[:2]))
    for head, rows in head_blocks(layer):
        sizes = np.abs(layer[head, rows], dtype=np.float64)
        peaks[head, rows] = sizes.max(-1, initial=0.0)
        sums[head, rows] = layer[head, rows].sum(-1, dtype=np.float64)
        least[head, rows] = sizes.min(-1, initial=np.inf, where=sizes > 0)
    least[peaks == 0] = 0.0
    return peaks, sums, least


def layer_bytes(
    codes: Codes,
    layer: FloatArray,
    visible: BoolArray | None,
    peaks: FloatArray,
    sums: FloatArray,
) -> Iterator[bytes]:
    """Peaks, row sums and codes of a layer, in blocks of rows.

    Shapes: layer and visible [head, row, column], peaks and sums [head, row]
    """
    yield peaks.astype("<f8").tobytes()
    yield sums.astype("<f8").tobytes()
    high_bytes: list[bytes] = []
    for head, rows in head_blocks(layer):
        if not rows.start:  # the next head
            yield from high_bytes
            high_bytes.clear()
        values = codes.steps(layer[head, rows], peaks[head, rows]) + codes.zero
        if visible is not None:
            values[~visible[head, rows]] = codes.kind.min
        stored = values.astype(codes.kind.dtype.newbyteorder("<"))
        if codes.has_planes:
            low, high = stored.view(np.uint8).reshape(-1, 2).T
            yield low.tobytes()
            high_bytes.append(high.tobytes())
        else:
            yield stored.tobytes()
    yield from high_bytes


def head_blocks(layer: FloatArray) -> Iterator[tuple[int, slice]]:
    """A head and a block of its rows at a time.    [head, row, column]"""
    for head in range(len(layer)):
        for rows in row_blocks(*layer.shape[1:]):
            yield head, rows


def deflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes compressed as one zlib stream.

    Matches are searched for at distance 1 only: weights hardly repeat but for runs of zeros and
    masked pairs, so that other matches take three times as long and save nothing.
    """
    stream = zlib.compressobj(strategy=zlib.Z_RLE)
    for chunk in chunks:
        yield stream.compress(chunk)
    yield stream.flush()
