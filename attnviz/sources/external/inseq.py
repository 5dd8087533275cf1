"""Inseq: attention attributions saved as JSON."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import float_bytes, to_numpy
from attnviz.sources.external.token_lists import make_tokens
from attnviz.sources.safe_read import check_budget, decode_text
from attnviz.sources.strict_json import parse_json

SIDES = ("source", "target")  # attribution to the source, or to the generated text itself
AXES = {2: "kq", 3: "kql", 4: "kqlh"}  # reduced layers and heads leave no axis


def read_inseq(data: bytes, selection: Selection) -> RawAttention:
    """One sequence, attributed to its source or to its own previous tokens.

    Shapes: attributions [key, query, layer, head], NaN for tokens not yet generated
    """
    sequences = unwrap(parse_json(decode_text(data))).get("sequence_attributions")
    if not isinstance(sequences, list) or not all(isinstance(s, Mapping) for s in sequences):
        raise InvalidInputError("sequence_attributions should be a list of objects")
    if not sequences:
        raise InvalidInputError("the file holds no sequence")
    index, index_guesses = selection.choose_index(range(len(sequences)), "sequence")
    fields = unwrap(sequences[index])
    available = [side for side in SIDES if fields.get(f"{side}_attributions") is not None]
    if not available:
        raise InvalidInputError("the sequence has no attributions")
    side, side_guesses = selection.choose_name(available)
    name = available[side]
    array = parse_attributions(fields[f"{name}_attributions"])
    if array.ndim not in AXES:
        raise InvalidInputError(f"attributions of shape {array.shape} are not [key, query, …]")
    visible = ~np.isnan(array)
    start, end = fields.get("attr_pos_start"), fields.get("attr_pos_end")
    if not all(type(position) is int for position in (start, end)):
        raise InvalidInputError("attr_pos_start and attr_pos_end should be whole numbers")
    note = "each row shows the generation step that produced its token"
    return RawAttention(
        weights=np.where(visible, array, 0),
        axes=AXES[array.ndim],
        visible=None if visible.all() else visible,
        queries=parse_side_tokens(fields, "target")[start:end],
        keys=parse_side_tokens(fields, name),
        guesses=(*index_guesses, *side_guesses, note),
        is_single=True,
    )


def unwrap(value: Any) -> Mapping[str, Any]:
    """The attributes of an object that Inseq stored with its class name."""
    inner = value.get("attributes", value) if isinstance(value, Mapping) else None
    if not isinstance(inner, Mapping):
        raise InvalidInputError("an Inseq object should have attributes")
    return inner


def parse_side_tokens(fields: Mapping[str, Any], side: str) -> Tokens:
    """The tokens of one side."""
    values = fields.get(side)
    if not isinstance(values, list):
        raise InvalidInputError(f"{side} should be a list of tokens")
    return make_tokens([unwrap(token).get("token") for token in values], side)


def parse_attributions(value: Any) -> FloatArray:
    """Attributions as nested lists, or as a safetensors file in base64.    -> [key, query, …]"""
    if not isinstance(value, str):
        return to_numpy(value, "attributions")
    from attnviz.sources.external.array_files import load_tensors

    try:
        data = b64decode(value, validate=True)
    except ValueError:
        raise InvalidInputError("attributions should be base64 or lists") from None
    named, _ = load_tensors(data)
    if "attribution" not in named:
        raise InvalidInputError("the tensors have no 'attribution'")
    tensor = named["attribution"]
    n_byte = 2 * float_bytes(
        tensor.shape, tensor.dtype, is_copied=True
    )  # NaN are replaced in a copy
    check_budget(tensor.nbytes + n_byte, "attributions, as floats,")
    return to_numpy(tensor, "attributions")
