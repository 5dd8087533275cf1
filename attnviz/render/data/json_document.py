"""The JSON document: a map with tokens, weights and metadata, on one line.

Binary formats store `document_header`, the document without its arrays, beside theirs.
"""

from __future__ import annotations

import json as standard
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, prod
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import FORMAT, FORMAT_VERSION
from attnviz.core.tokens import Token
from attnviz.render.data.decimals import decimals, require_float32, row_blocks, to_float32
from attnviz.render.data.number_text import RowTexts, row_texts
from attnviz.render.style import Style

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # safe inside an HTML page


def json(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """One document on one line, ASCII, ending in LF: safe in HTML, logs and JSON Lines.

    Raises NumbersError, before the first chunk, for numbers outside float32.
    """
    names = [n for n in ("query_vectors", "key_vectors") if getattr(amap, n) is not None]
    require_float32(amap.weights, "weight")
    for name in names:
        require_float32(getattr(amap, name), name)
    return document_chunks(amap, style, names)


def document_chunks(
    amap: AttentionMap, style: Style, vector_names: Sequence[str]
) -> Iterator[bytes]:
    """The document in chunks: its header, and blocks of rows of its arrays."""
    document = document_header(amap, style)
    meta = document.pop("meta")
    yield to_json_line(document)[:-2] + b',"weights":'
    yield from array_chunks(
        amap.weights, lambda rows: row_texts(printed_floats(rows, "weight", style.precision))
    )
    yield b',"hidden":'
    if amap.visible is None or amap.visible.all():
        yield b"null"
    else:
        visible = np.broadcast_to(amap.visible, amap.weights.shape)
        yield from array_chunks(visible, lambda rows: flag_texts(np.logical_not(rows)))
    yield b',"meta":' + to_json_line(meta)[:-1]
    for name in vector_names:
        yield f',"{name}":'.encode()
        yield from array_chunks(
            getattr(amap, name), lambda rows: row_texts(printed_floats(rows, "vector"))
        )
    yield b"}\n"


def array_chunks(array: Any, to_texts: Callable[[Any], RowTexts]) -> Iterator[bytes]:
    """An array as JSON, in blocks of rows of all heads.    [layer, head, row, column]"""
    *outer, n_row, n_column = array.shape
    n_all = prod(outer) * n_row
    if n_all == 0:
        yield standard.dumps(array.tolist(), separators=(",", ":")).encode()
        return
    yield b"[["
    for block in row_blocks(n_all, n_column):
        numbers = np.arange(block.start, block.stop)
        texts = to_texts(array[np.unravel_index(numbers, (*outer, n_row))])
        heads = range(block.start // n_row, (block.stop - 1) // n_row + 1)
        yield b"".join(
            separator_before(max(head * n_row, block.start), outer[1], n_row)
            + texts.slice(
                max(head * n_row - block.start, 0),
                min((head + 1) * n_row, block.stop) - block.start,
            )
            for head in heads
        )
    yield b"]]]"


def printed_floats(rows: FloatArray, what: str, precision: int | None = None) -> FloatArray:
    """What is written of rows: float32, or with a precision float64 of that number of decimals.

    Shapes: [row, column] -> [row, column]
    """
    return to_float32(rows, what) if precision is None else decimals(rows, what, precision)


def separator_before(row: int, n_head: int, n_row: int) -> bytes:
    """What stands before a row, counted over all heads: a comma, or the start of a head."""
    if row % n_row:
        return b","
    if row == 0:
        return b"["
    return b"],[" if row % (n_head * n_row) else b"]],[["


def flag_texts(rows: BoolArray) -> RowTexts:
    """Rows of flags as lists of 0 and 1.    [row, column] -> "[0,1],[1,0]," """
    n_row, n_column = rows.shape
    text = np.full((n_row, 2 * n_column + 2), ord(","), np.uint8)
    text[:, 1:-1:2] = rows + np.uint8(ord("0"))
    text[:, 0], text[:, -2] = ord("["), ord("]")
    return RowTexts(text.tobytes(), np.arange(1, n_row + 1) * text.shape[1])


def document_header(amap: AttentionMap, style: Style) -> dict[str, Any]:
    """The document without its arrays, in JSON values."""
    made_by = {"made_by": dict(style.made_by)} if style.made_by else {}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "text": amap.text,
        "context": amap.context,
        "queries": [token_fields(token) for token in amap.queries],
        "keys": [token_fields(token) for token in amap.keys],
        "layers": list(amap.layers),
        "heads": list(amap.heads),
        **({"names": list(amap.names)} if amap.names else {}),
        "meta": to_json_value({**amap.meta, **made_by}),
    }


def token_fields(token: Token) -> dict[str, Any]:
    """A token with all its fields, the label first."""
    return {
        "label": token.label,
        **{name: to_json_value(value) for name, value in vars(token).items()},
    }


def to_json_value(value: Any) -> Any:
    """A value as JSON: NumPy scalars and arrays as numbers and lists, other objects as str."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(name): to_json_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(inner) for inner in value]
    return str(value)


def to_json_line(document: Mapping[str, Any]) -> bytes:
    """JSON values as one line of ASCII that is safe inside an HTML page."""
    text = standard.dumps(document, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode("ascii") + b"\n"


def read_schema() -> bytes:
    """The JSON Schema (2020-12) of the documents."""
    from importlib.resources import files

    return files("attnviz.render.data").joinpath("document.schema.json").read_bytes()
