"""attnviz JSON documents: reading restores exactly what was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_type_hints

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.file_format import FORMAT, FORMAT_VERSION
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.metadata import (
    MAX_INDEX,
    MAX_SEGMENT,
    is_index_list,
    is_text_list,
    parse_meta,
)
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.external.token_lists import check_count
from attnviz.sources.safe_read import decode_text
from attnviz.sources.strict_json import parse_values

VERSION = re.compile(r"([0-9]{1,4})\.[0-9]{1,4}")
FIELDS = get_type_hints(Token)  # types of a token's fields, of which only label is required
LIMITS = {"start": MAX_INDEX, "end": MAX_INDEX, "segment": MAX_SEGMENT, "word": MAX_INDEX}


def read_document(data: bytes, selection: Selection) -> RawAttention:
    """A JSON document, or the selected one of JSON Lines.

    Raises InvalidInputError for another major version, and where the schema is violated.
    """
    documents = parse_values(decode_text(data))
    index, guesses = selection.choose_index(range(len(documents)), "document")
    fields = documents[index]
    if not isinstance(fields, dict):
        raise InvalidInputError(f"value {index} is not a JSON object")
    check_version(fields)
    arrays = {
        name: fields[name]
        for name in ("weights", "query_vectors", "key_vectors")
        if fields.get(name) is not None
    }
    if fields.get("hidden") is not None:
        flags = to_numpy(fields["hidden"], "hidden")
        if not np.isin(flags, (0, 1)).all():
            raise InvalidInputError("hidden should hold 0 and 1 only")
        arrays["visible"] = flags == 0
    return parse_document(fields, arrays, guesses)


def check_version(fields: Mapping[str, Any]) -> None:
    """Refuse objects that are not attnviz documents, and other major versions."""
    version = fields.get("format_version")
    match = VERSION.fullmatch(version) if isinstance(version, str) else None
    if fields.get("format") != FORMAT or match is None:
        raise InvalidInputError(
            f'not an attnviz document: it should begin {{"format": "{FORMAT}", '
            f'"format_version": "{FORMAT_VERSION}", …}}'
        )
    if match[1] != FORMAT_VERSION.partition(".")[0]:
        raise InvalidInputError(
            f"the document has format_version {version}; this attnviz reads {FORMAT_VERSION}. "
            "A newer attnviz may read it"
        )


def parse_document(
    fields: Mapping[str, Any], arrays: Mapping[str, Any], guesses: tuple[str, ...] = ()
) -> RawAttention:
    """Attention from a document's JSON fields and its arrays, each checked.

    Shapes: weights [layer, head, query, key], vectors [layer, head, token, d]
    """
    if "weights" not in arrays:
        raise InvalidInputError("the document has no weights")
    weights = to_float32(arrays["weights"], "weights")
    meta = parse_meta(get_optional(fields, "meta", dict) or {})
    is_foreign = meta.get("source") == "foreign"
    visible = arrays.get("visible")
    if visible is not None:
        visible = check_visible(np.asarray(visible), weights, is_foreign)
    vectors: dict[str, Any] = {
        name: to_float32(arrays[name], name)
        for name in ("query_vectors", "key_vectors")
        if name in arrays
    }
    return RawAttention(
        weights=weights,
        axes="lhqk",
        visible=visible,
        queries=parse_tokens(fields, "queries"),
        keys=parse_tokens(fields, "keys"),
        layers=parse_indices(fields, "layers"),
        heads=parse_indices(fields, "heads"),
        names=parse_names(fields, "names"),
        text=get_optional(fields, "text", str),
        context=get_optional(fields, "context", str),
        meta=meta,
        guesses=guesses,
        is_document=True,
        is_single=True,
        **vectors,
    )


def to_float32(values: Any, what: str) -> FloatArray:
    """An array of a document as float32.    -> [layer, head, query, key or d]"""
    array = to_numpy(values, what)
    if array.ndim != 4:
        raise InvalidInputError(f"{what} have {array.ndim} axes, not 4")
    with np.errstate(over="ignore", invalid="ignore"):
        result = array.astype(np.float32, copy=False)
    if not np.isfinite((result.min(initial=0.0), result.max(initial=0.0))).all():
        raise InvalidInputError(f"{what} hold values that float32 cannot hold")
    return result


def check_visible(visible: Any, weights: FloatArray, is_foreign: bool) -> Any:
    """The visible pairs, if they fit the weights.    broadcasts to [layer, head, query, key]

    Attention of another program may have weight on masked pairs, which `check` reports.
    """
    try:
        full = np.broadcast_to(visible, weights.shape)
    except ValueError:
        full = None
    if full is None or visible.ndim != 4 or visible.dtype != np.bool_:
        raise InvalidInputError(
            f"hidden, {visible.dtype} of shape {visible.shape}, does not fit the weights "
            f"{weights.shape}"
        )
    heads = np.ndindex(weights.shape[:2])  # head by head: no second array of this size
    if not is_foreign and any(((weights[at] != 0) & ~full[at]).any() for at in heads):
        raise InvalidInputError("a weight is not 0 where hidden is 1")
    return visible


def parse_tokens(fields: Mapping[str, Any], side: str) -> tuple[Token, ...]:
    """The tokens of one side; unknown keys are ignored."""
    values = fields.get(side)
    if not isinstance(values, list):
        raise InvalidInputError(f"{side} should be a list of tokens")
    check_count(len(values), side)
    return tuple(parse_token(each, f"{side}[{index}]") for index, each in enumerate(values))


def parse_token(value: Any, where: str) -> Token:
    """A token whose fields have the right types."""
    if not isinstance(value, dict) or "label" not in value:
        raise InvalidInputError(f'{where} should be an object with a "label"')
    fields = {name: value[name] for name in FIELDS if name in value}
    for name, field in fields.items():
        wrong_bool = isinstance(field, bool) and FIELDS[name] is not bool
        beyond = type(field) is int and not 0 <= field < LIMITS.get(name, MAX_INDEX)
        if wrong_bool or beyond or not isinstance(field, FIELDS[name]):
            raise InvalidInputError(f"{where}.{name} is {field!r:.40}")
    return Token(**{"piece": fields["label"], **fields})


def parse_indices(fields: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Original indices of layers or heads."""
    values = fields.get(name, [])
    if not is_index_list(values):
        raise InvalidInputError(f"{name} should be a list of whole numbers, below {MAX_INDEX:,}")
    return tuple(values)


def parse_names(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Names of heads, if they have names."""
    values = fields.get(name, [])
    if not is_text_list(values):
        raise InvalidInputError(f"{name} should be a list of strings")
    return tuple(values)


def get_optional(fields: Mapping[str, Any], name: str, kind: type) -> Any:
    """The value of a field, of type `kind`, or None."""
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise InvalidInputError(f"{name} is {value!r:.40}, not of type {kind.__name__}")
    return value
