"""JSON that is no document: nested numbers, alone or with names and tokens beside them."""

from __future__ import annotations

from attnviz.sources.external.arrays import from_arrays
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.safe_read import text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import value


def json(data: bytes, wish: Wish) -> Found:
    """Nested lists of numbers, or an object that has them under a name."""
    return from_arrays(value(text_of(data)), wish)
