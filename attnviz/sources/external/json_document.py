"""Our own documents, read back: what was written comes back equal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_type_hints

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.file_format import FORMAT, FORMAT_VERSION
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.safe_read import text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import values
from attnviz.sources.external.to_numpy import numeric

VERSION = re.compile(r"([0-9]{1,4})\.[0-9]{1,4}")
FIELDS = get_type_hints(Token)  # what each may be; only the label has to be there


def json(data: bytes, wish: Wish) -> Found:
    """A document, or the wanted one of those that follow one another.

    Raises InvalidInputError for another major version and for what does not fit its schema.
    """
    documents = values(text_of(data))
    place, guessed = wish.numbered(range(len(documents)), "document")
    said = documents[place]
    if not isinstance(said, dict):
        raise InvalidInputError(f"value {place} is no document")
    check_version(said)
    arrays = {
        name: said[name]
        for name in ("weights", "query_vectors", "key_vectors")
        if said.get(name) is not None
    }
    hidden = said.get("hidden")
    if hidden is not None:
        flags = numeric(hidden, "hidden")
        if not np.isin(flags, (0, 1)).all():
            raise InvalidInputError("hidden should hold 0 and 1 only")
        arrays["visible"] = flags == 0
    return found(said, arrays, guessed)


def check_version(said: Mapping[str, Any]) -> None:
    """Refuse what is no document, and documents of another major version."""
    version = said.get("format_version")
    match = VERSION.fullmatch(version) if isinstance(version, str) else None
    if said.get("format") != FORMAT or match is None:
        raise InvalidInputError(
            f'no attnviz document: it should begin {{"format": "{FORMAT}", '
            f'"format_version": "{FORMAT_VERSION}", …}}'
        )
    if match[1] != FORMAT_VERSION.partition(".")[0]:
        raise InvalidInputError(
            f"the document has format_version {version}; this attnviz reads {FORMAT_VERSION}. "
            "A newer attnviz may read it"
        )


def found(
    said: Mapping[str, Any], arrays: Mapping[str, Any], guessed: tuple[str, ...] = ()
) -> Found:
    """The words of a document and its arrays, each checked.

    Shapes: weights [layer, head, query, key], vectors [layer, head, token, d]
    """
    if "weights" not in arrays:
        raise InvalidInputError("the document has no weights")
    weights = four_axes(arrays["weights"], "weights")
    visible = arrays.get("visible")
    if visible is not None:
        visible = as_visible(np.asarray(visible), weights)
    vectors: dict[str, Any] = {
        name: four_axes(arrays[name], name)
        for name in ("query_vectors", "key_vectors")
        if name in arrays
    }
    return Found(
        weights=weights,
        axes="lhqk",
        visible=visible,
        queries=tokens(said, "queries"),
        keys=tokens(said, "keys"),
        layers=whole_numbers(said, "layers"),
        heads=whole_numbers(said, "heads"),
        names=texts(said, "names"),
        text=optional(said, "text", str),
        context=optional(said, "context", str),
        meta=optional(said, "meta", dict) or {},
        guessed=guessed,
        complete=True,
        picked=True,
        **vectors,
    )


def four_axes(numbers: Any, what: str) -> FloatArray:
    """Numbers of a document as float32.    -> [layer, head, query, key or d]"""
    array = numeric(numbers, what)
    if array.ndim != 4:
        raise InvalidInputError(f"{what} have {array.ndim} axes, not 4")
    with np.errstate(over="ignore", invalid="ignore"):
        made = array.astype(np.float32)
    if not np.isfinite(made).all():
        raise InvalidInputError(f"{what} hold numbers that float32 cannot hold")
    return made


def as_visible(visible: Any, weights: FloatArray) -> Any:
    """What may be looked at, if it fits the weights.    broadcasts to [layer, head, query, key]"""
    try:
        full = np.broadcast_to(visible, weights.shape)
    except ValueError:
        full = None
    if full is None or visible.ndim != 4 or visible.dtype != np.bool_:
        raise InvalidInputError(
            f"what is hidden, {visible.dtype} of shape {visible.shape}, does not fit the weights "
            f"{weights.shape}"
        )
    if weights[~full].any():
        raise InvalidInputError("a weight is not 0 where the document says that it is hidden")
    return visible


def tokens(said: Mapping[str, Any], side: str) -> tuple[Token, ...]:
    """The tokens of one side, unknown keys ignored."""
    listed = said.get(side)
    if not isinstance(listed, list):
        raise InvalidInputError(f"{side} should be a list of tokens")
    return tuple(token(each, f"{side}[{place}]") for place, each in enumerate(listed))


def token(said: Any, where: str) -> Token:
    """A token, each of its fields of the right kind."""
    if not isinstance(said, dict) or "label" not in said:
        raise InvalidInputError(f'{where} should be an object with a "label"')
    fields = {name: said[name] for name in FIELDS if name in said}
    for name, value in fields.items():
        wrong_bool = isinstance(value, bool) and FIELDS[name] is not bool
        if wrong_bool or not isinstance(value, FIELDS[name]):
            raise InvalidInputError(f"{where}.{name} is {value!r:.40}")
    return Token(**{"piece": fields["label"], **fields})


def whole_numbers(said: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Original numbers of layers or heads."""
    listed = said.get(name, [])
    if not isinstance(listed, list) or not all(type(each) is int and each >= 0 for each in listed):
        raise InvalidInputError(f"{name} should be a list of whole numbers")
    return tuple(listed)


def texts(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What heads are called, where they are called anything."""
    listed = said.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise InvalidInputError(f"{name} should be a list of texts")
    return tuple(listed)


def optional(said: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of that kind, or None."""
    value = said.get(name)
    if value is not None and not isinstance(value, kind):
        raise InvalidInputError(f"{name} is {value!r:.40}, which is no {kind.__name__}")
    return value
