"""The families of models, each a row over one transformer (sources/transformer).

A family that only recombines what is there is one row; a new idea is a part of the core or
of the transformer. A `model_type` that no row has is refused: nothing "looks like Llama".
Files are read one by one, in this order, until a row is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.families.spec import Family

KINDS = ("encoders", "relative_encoders", "decoders", "llama_like", "encoder_decoders")


class Families:
    """All rows, read when they are asked for."""

    def __iter__(self) -> Iterator[Family]:
        for kind in KINDS:
            rows: tuple[Family, ...] = import_module(f"{__name__}.{kind}").ROWS
            yield from rows

    def __len__(self) -> int:
        return sum(1 for _ in self)


FAMILIES = Families()


def find_family(model_type: Any) -> Family:
    """The row of this `model_type`, spelled as in config.json; refused by name otherwise."""
    for family in FAMILIES:
        if family.name == model_type:
            return family
    there = ", ".join(family.name for family in FAMILIES)
    said = f"model_type {model_type!r}" if model_type else "a config.json without a model_type"
    raise InvalidInputError(f"{said} is not supported. There are: {there}")
