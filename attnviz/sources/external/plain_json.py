"""Plain JSON: nested lists of numbers, alone or in an object with names and tokens."""

from __future__ import annotations

from attnviz.sources.external.arrays import from_arrays
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.safe_read import decode_text
from attnviz.sources.strict_json import parse_json


def read_plain_json(data: bytes, selection: Selection) -> RawAttention:
    """Nested lists of numbers, or an object with named lists."""
    return from_arrays(parse_json(decode_text(data)), selection)
