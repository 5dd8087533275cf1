"""Tokens among named values, by their names: of queries, of keys, or of both."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.token_lists import check_count, make_tokens, split_words
from attnviz.sources.external.token_sides import BatchTokens

QUERIES = ("query_tokens", "queries", "target_tokens", "left_text", "decoder_tokens")
KEYS = ("key_tokens", "keys", "source_tokens", "right_text", "encoder_tokens")
BOTH = ("tokens", "words", "input_tokens", "text")
OF_KIND = {  # names of tokens that both sides of an attention have
    "self": BOTH,
    "cross": BOTH,
    "encoder": ("encoder_tokens", "source_tokens", *BOTH),
    "decoder": ("decoder_tokens", "target_tokens", *BOTH),
}
NAMES = (*QUERIES, *KEYS, *BOTH)
LABELS = tuple(name for name in NAMES if name.endswith("tokens"))
Found = Tokens | BatchTokens | None


def find_tokens(kind: str, named: Mapping[str, Any], sizes: Sequence[int]) -> tuple[Found, Found]:
    """The query and key tokens of an attention; one list for both is the same object twice.

    `sizes` are the numbers of queries and keys: a text whose words fit neither is no tokens.
    """
    sides = (QUERIES, KEYS) if kind in ("self", "cross") else ((), ())
    queries, keys = (first_tokens(named, names, sizes) for names in sides)
    if queries is None and keys is None:
        queries = keys = first_tokens(named, OF_KIND[kind], sizes)
    return queries, keys


def first_tokens(named: Mapping[str, Any], names: Iterable[str], sizes: Sequence[int]) -> Found:
    """The tokens under the first of these names that holds strings."""
    for name in names:
        values = read_strings(named.get(name), name)
        if isinstance(values, str):
            words = split_words(values)
            values = words if len(words) in sizes else None
        if values and isinstance(values[0], str):
            return make_tokens(values, name)
        if values:
            return BatchTokens(make_tokens(row, name) for row in values)
    return None


def read_strings(values: Any, name: str) -> Any:
    """A string, strings, or one list of strings per batch item; None for other values."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "U" and values.ndim in (1, 2):
        values = array_strings(values, name)
    if isinstance(values, str):
        return values
    if not isinstance(values, list | tuple) or not values:
        return None
    rows = values if all(isinstance(row, list | tuple) and row for row in values) else [values]
    is_text = all(isinstance(value, str) for row in rows for value in row)
    return values if is_text else None


def array_strings(array: Any, name: str) -> list[Any]:
    """The strings of a NumPy array, whose characters NumPy does not check.    [...] -> [...]

    Raises InvalidInputError for code points beyond Unicode.
    """
    check_count(array.size, name)
    codes = np.ascontiguousarray(array).view(array.dtype.byteorder.replace("|", "=") + "u4")
    if (codes > sys.maxunicode).any():
        raise InvalidInputError(
            f"{name} holds the code point {codes.max():#x}; Unicode ends at {sys.maxunicode:#x}"
        )
    texts: list[Any] = array.tolist()
    return texts


def describe_unused_tokens(named: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each value that is called tokens and does not hold strings."""
    return tuple(
        f"{name} are not shown: {describe_value(named[name])} is not a list of strings"
        for name in LABELS
        if named.get(name) is not None and read_strings(named[name], name) is None
    )


def describe_value(value: Any) -> str:
    """The type of a value, and the shape if it has one."""
    shape = getattr(value, "shape", None)
    kind = type(value).__name__ if shape is None else str(value.dtype)[:40]
    return kind if shape is None else f"{kind} of shape {shape!s:.60}"
