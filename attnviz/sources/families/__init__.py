"""Model families: a specification each, run by one transformer (sources/transformer).

A family is found by the exact `model_type` of its config; no other one is taken for similar.
Modules are imported one by one, in this order, until the family is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import raise_invalid
from attnviz.sources.families.spec import Family

MODULES = (
    "encoders",
    "relative_encoders",
    "rotary_encoders",
    "long_text_encoders",
    "text_towers",
    "decoders",
    "gpt_like",
    "parallel_decoders",
    "llama_like",
    "llama_variants",
    "windowed_decoders",
    "interleaved_decoders",
    "gemma3",
    "mixture_of_experts",
    "granite",
    "gpt_oss",
    "encoder_decoders",
    "encoder_decoder_variants",
)


class Families:
    """All families, imported as they are iterated over."""

    def __iter__(self) -> Iterator[Family]:
        for module in MODULES:
            families: tuple[Family, ...] = import_module(f"{__name__}.{module}").FAMILIES
            yield from families

    def __len__(self) -> int:
        return sum(1 for _ in self)


FAMILIES = Families()


def find_family(model_type: Any) -> Family:
    """The family of a `model_type`. Raises InvalidInputError for one that is not supported."""
    for family in FAMILIES:
        if family.name == model_type:
            return family
    if model_type is not None and not isinstance(model_type, str):
        raise_invalid("model_type", model_type, "a string")
    what = f"model_type {model_type!r:.80}" if model_type else "a config.json without a model_type"
    hint = "" if model_type else '; write the family into it, as in "model_type": "bert"'
    raise InvalidInputError(
        f"{what} is not supported{hint}; `attnviz models` lists the {len(FAMILIES)} families that "
        "are"
    )
