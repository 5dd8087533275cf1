"""sel and isel: parts of a map by label, and by position as in NumPy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from attnviz.argument_types import abbreviate
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_methods import Labels, Positions
from attnviz.core.selection import HeadSelection
from attnviz.core.subset import select_positions
from attnviz.core.token_selection import find_tokens, find_word, select_queries_and_keys
from attnviz.core.tokens import Tokens
from attnviz.errors import MisuseError, UnknownParameterError

ARGUMENTS = {"layer": "layer", "head": "head", "queries": "query", "keys": "key"}  # by option
OPTION = re.compile(rf"--({'|'.join(ARGUMENTS)})\b")


def sel(
    amap: AttentionMap,
    *,
    layer: Labels = None,
    head: Labels = None,
    query: Labels = None,
    key: Labels = None,
) -> AttentionMap:
    """The map with some layers, heads and tokens, by their numbers and texts.

    Shapes: [layer, head, query, key] -> fewer of each
    """
    for name, value in (("layer", layer), ("head", head), ("query", query), ("key", key)):
        if isinstance(value, slice):
            raise UnknownParameterError(
                f'{name}={value} should be a label, a list, or a range such as "2-5"; '
                f"isel({name}=…) takes slices of positions"
            )
    with name_labels():
        amap = HeadSelection.parse(to_list(layer), to_list(head)).apply(amap)
        if query is None and key is None:
            return amap
        return select_queries_and_keys(
            amap,
            label_positions(query, amap.queries, "queries"),
            label_positions(key, amap.keys, "keys"),
        )


@contextmanager
def name_labels() -> Iterator[None]:
    """Messages about options of a selection as messages about the arguments of `sel`."""
    try:
        yield
    except MisuseError as error:
        text = OPTION.sub(lambda match: ARGUMENTS[match[1]], str(error.args[0]))
        raise type(error)(text) from None


def to_list(value: Any) -> Any:
    """An array of numbers as a list, anything else as it is.    [n] -> n numbers"""
    return value.ravel().tolist() if isinstance(value, np.ndarray) else value


def label_positions(labels: Labels, tokens: Tokens, side: str) -> list[int] | None:
    """The positions of labels; None for all. A text that is a token is never a range.

    Raises MisuseError for a label that the text lacks.
    """
    labels = to_list(labels)
    if labels is None:
        return None
    several = isinstance(labels, Collection) and not isinstance(labels, str)
    entries: list[Any] = list(labels) if several else [labels]  # type: ignore[arg-type]
    if not entries:
        raise MisuseError(f"no {side} are selected; leave the argument out for all")
    found: set[int] = set()
    for entry in entries:
        exact = find_word(entry, tokens) if isinstance(entry, str) else []
        found.update(exact or find_tokens(entry, tokens, side))
    return sorted(found)


def isel(
    amap: AttentionMap,
    *,
    layer: Positions = None,
    head: Positions = None,
    query: Positions = None,
    key: Positions = None,
) -> AttentionMap:
    """The map with some layers, heads and tokens, by their positions on the axes.

    Shapes: [layer, head, query, key] -> fewer of each
    """
    n_layer, n_head, n_query, n_key = amap.weights.shape
    layers, heads = resolve(layer, n_layer, "layer"), resolve(head, n_head, "head")
    amap = amap.select(
        layers=[amap.layers[i] for i in layers], heads=[amap.heads[i] for i in heads]
    )
    if query is None and key is None:
        return amap
    if "pooled" in amap.meta:
        raise MisuseError("tokens of a pooled map cannot be selected; add --pool 0")
    queries, keys = resolve(query, n_query, "query"), resolve(key, n_key, "key")
    return select_positions(amap, sorted(queries), sorted(keys))


def resolve(positions: Positions, n: int, dim: str) -> list[int]:
    """Positions on an axis of length n as a list without duplicates; None: all.

    Raises UnknownParameterError for values that are no positions, MisuseError for positions that
    there are not, and for none.

    >>> resolve(slice(-2, None), 5, "query")
    [3, 4]
    """
    if positions is None:
        return list(range(n))
    index: Any = positions
    if not isinstance(positions, slice):
        index = np.asarray(positions)
        is_number = isinstance(positions, Integral) and not isinstance(positions, bool)
        if index.dtype.kind not in "iub" or (index.ndim == 0 and not is_number):
            raise UnknownParameterError(
                f"{dim}={abbreviate(positions)} should be positions: an integer, a slice, a list "
                f"or a boolean array; sel({dim}=…) takes labels"
            )
        index = np.atleast_1d(index)
    try:
        chosen = np.arange(n)[index]
    except IndexError:
        message = f"{dim}={abbreviate(positions)}: the positions are 0 to {n - 1}, or -{n} to -1"
        raise MisuseError(f"{message}; a boolean array has {n} entries") from None
    if not chosen.size:
        raise MisuseError(f"{dim}={abbreviate(positions)} selects nothing; leave it out for all")
    return list(dict.fromkeys(chosen.tolist()))
