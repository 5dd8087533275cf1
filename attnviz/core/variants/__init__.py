"""The catalogue: every mechanism is a row, a file per family of ideas.

A row states only how it differs from the plain case (scaled dot product, softmax, no mask).
Files are read one by one, in this order, until a name is found: `--help` reads none, the
default mechanism the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from attnviz.core.variant import Variant
from attnviz.lookup import find

FAMILIES = (
    "basics",
    "bahdanau_luong",
    "positions",
    "masks",
    "heads",
    "normalizers",
    "relative_positions",
    "scaling",
    "scores",
    "content_sparse",
    "linear",
    "recurrent",
    "query_free",
    "monotonic",
    "structured",
    "images",
)


class Catalogue:
    """All rows, read when they are asked for; those of other packages come last."""

    def __iter__(self) -> Iterator[Variant]:
        for family in FAMILIES:
            rows: tuple[Variant, ...] = import_module(f"{__name__}.{family}").ROWS
            yield from rows
        from attnviz.core.variants.plugins import plugged

        yield from plugged()

    def __len__(self) -> int:
        return sum(1 for _ in self)


VARIANTS = Catalogue()


def find_variant(name: str) -> Variant:
    """The row of this name; UnknownNameError says which name was probably meant."""
    return find(VARIANTS, name, "variant")
