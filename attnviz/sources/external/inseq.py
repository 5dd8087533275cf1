"""Attributions by attention that Inseq saved."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.safe_read import text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import value
from attnviz.sources.external.to_numpy import numeric
from attnviz.sources.external.token_lists import tokens_of

SIDES = ("source", "target")  # what is attributed to: the other sequence, or the one generated
AXES = {2: "kq", 3: "kql", 4: "kqlh"}  # reduced layers and heads leave no axis


def json(data: bytes, wish: Wish) -> Found:
    """One sequence, attributed to its source or to its own beginning.

    Shapes: attributions [key, query, layer, head], NaN where a token was not there yet
    """
    sequences = bare(value(text_of(data))).get("sequence_attributions")
    if not isinstance(sequences, list) or not all(isinstance(s, Mapping) for s in sequences):
        raise InvalidInputError("sequence_attributions should be a list of objects")
    if not sequences:
        raise InvalidInputError("there is no sequence in it")
    place, which = wish.numbered(range(len(sequences)), "sequence")
    said = bare(sequences[place])
    there = [side for side in SIDES if said.get(f"{side}_attributions") is not None]
    if not there:
        raise InvalidInputError("the sequence has no attributions")
    chosen, side = wish.named(there)
    name = there[chosen]
    array = attributions(said[f"{name}_attributions"])
    if array.ndim not in AXES:
        raise InvalidInputError(f"attributions of shape {array.shape} are not [key, query, …]")
    seen = ~np.isnan(array)
    start, end = said.get("attr_pos_start"), said.get("attr_pos_end")
    if not all(type(position) is int for position in (start, end)):
        raise InvalidInputError("attr_pos_start and attr_pos_end should be whole numbers")
    told = "rows are generated tokens, as the step that chose them saw the others"
    return Found(
        weights=np.where(seen, array, 0),
        axes=AXES[array.ndim],
        visible=None if seen.all() else seen,
        queries=words(said, "target")[start:end],
        keys=words(said, name),
        guessed=(*which, *side, told),
        picked=True,
    )


def bare(said: Any) -> Mapping[str, Any]:
    """An object without the wrapping that names its class."""
    inner = said.get("attributes", said) if isinstance(said, Mapping) else None
    if not isinstance(inner, Mapping):
        raise InvalidInputError("an object of Inseq should have attributes")
    return inner


def words(said: Mapping[str, Any], side: str) -> Tokens:
    """The tokens of one side."""
    listed = said.get(side)
    if not isinstance(listed, list):
        raise InvalidInputError(f"{side} should be a list of tokens")
    return tokens_of([bare(token).get("token") for token in listed], side)


def attributions(said: Any) -> FloatArray:
    """Numbers: a list, or a safetensors file in base64.    -> [key, query, …]"""
    if not isinstance(said, str):
        return numeric(said, "attributions")
    from attnviz.sources.external.array_files import tensors

    try:
        data = b64decode(said, validate=True)
    except ValueError:
        raise InvalidInputError("attributions should be base64 or lists") from None
    named, _ = tensors(data)
    if "attribution" not in named:
        raise InvalidInputError("the tensors have no 'attribution'")
    return numeric(named["attribution"], "attributions")
