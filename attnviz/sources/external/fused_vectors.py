"""Fused projections: queries, keys and values that a program saved side by side in one array."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attnviz.sources.external.to_numpy import is_array, to_numpy
from attnviz.sources.external.vector_names import is_vectors, side_of

# qkv, h.0.attn.c_attn, layers.3.in_proj: [queries | keys | values]. Not query_key_value, whose
# parts alternate by head.
FUSED = re.compile(
    r"(?:.*[._/ -])?(?:w?qkv(?:_proj)?|c_attn|in_proj|w_pack)(?:[._-]out(?:put)?)?"
    r"(?:[._-]?(?:layer)?[._-]?[0-9]{1,6})*",
    re.IGNORECASE,
)
SIDES = ("q", "k", "v")


def is_fused(name: str, value: Any) -> bool:
    """Whether an array holds queries, keys and values side by side, by its name and shape."""
    if FUSED.fullmatch(name) is None or not is_vectors(value):
        return False
    shape = value.shape if is_array(value) else to_numpy(value, name).shape
    return len(shape) in (2, 3) and shape[-1] > 0 and shape[-1] % 3 == 0


def has_fused(named: Mapping[str, Any]) -> bool:
    """Whether queries and keys are in a fused array alone."""
    is_separate = any(side_of(name) is not None for name in named)
    return not is_separate and any(is_fused(name, value) for name, value in named.items())


def split_fused(named: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The arrays with fused ones split in thirds, and a sentence about it.

    Shapes: [batch, token, 3 · width] or [token, 3 · width] -> three of [..., token, width] each
    """
    if not has_fused(named):
        return named, ()
    parts: dict[str, Any] = {}
    notes: dict[str, None] = {}
    for name, value in named.items():
        if not is_fused(name, value):
            parts[name] = value
            continue
        array = value if is_array(value) else to_numpy(value, name)
        width = array.shape[-1] // 3
        for number, side in enumerate(SIDES):
            parts[f"{name}.{side}_proj"] = array[..., number * width : (number + 1) * width]
        notes[f"splitting {3 * width} dimensions into queries, keys and values of {width}"] = None
    return parts, tuple(notes)
