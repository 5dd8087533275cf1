"""Queries, keys and values among named arrays, by the names that programs save them under."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from attnviz.errors import InvalidInputError
from attnviz.sources.external.module_names import ModuleName, find_positions
from attnviz.sources.external.selection import FEW, Selection
from attnviz.sources.external.to_numpy import is_array

# q, query, query_states, hook_q, layers.0.self_attn.q_proj, layer_0_keys, values_3
VECTORS = re.compile(
    r"(?P<before>(?:.*[._/ -]|x)?)"
    r"(?P<side>quer(?:y|ies)|keys?|values?|[qkv])"
    r"(?P<after>(?:_?(?:states?|layer|vectors?|proj|heads?))?(?:[._-]?(?:layer)?[._-]?[0-9]{1,6})*)",
    re.IGNORECASE,
)
SIDES = {"q": "query", "k": "key", "v": "value"}
PLACE = "{}"  # of the side, in a name without it
ROTATED = re.compile(r"(?:^|[._/-])(?:rot|rotary|rope)(?:[._/-]|$)", re.IGNORECASE)
PROJECTION = re.compile(r"_?proj|self\.\{\}|_linear", re.IGNORECASE)
TOKEN_FIRST = re.compile(r"hook_|\bx\{\}", re.IGNORECASE)  # programs with [batch, token, head, d]
FIX = (
    "save both with the weights, e.g. numpy.savez('attention.npz', query=q, key=k, value=v), each "
    "[head, token, d]"
)


class StoredVectors(NamedTuple):
    """Queries, keys and values of one attention, an array of each per layer, and their names.

    `values` is empty where they are not stored. `layers` are the numbers in the names.
    `is_projection`: the output of a linear layer, with all heads side by side;
    `is_token_first`: by its names, of a program that keeps the axes [batch, token, head, d].
    """

    queries: list[Any]
    keys: list[Any]
    values: list[Any]
    names: dict[str, str]
    layers: tuple[int, ...] = ()
    is_projection: bool = False
    is_token_first: bool = False
    guesses: tuple[str, ...] = ()


def side_of(name: str) -> tuple[str, str] | None:
    """The side of an array, "query", "key" or "value", and its name without it; None for others.

    >>> side_of("blocks.0.attn.hook_q")
    ('query', 'blocks.0.attn.hook_{}')
    """
    match = VECTORS.fullmatch(name)
    if match is None:
        return None
    return SIDES[match["side"][0].lower()], f"{match['before']}{PLACE}{match['after']}"


def is_vectors(value: Any) -> bool:
    """Whether a value is an array, or nested lists, of two to five axes of numbers."""
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], list) and not isinstance(value[0][:1], str)
    if not is_array(value) or not 2 <= len(value.shape) <= 5:
        return False
    return not isinstance(value, np.ndarray) or value.dtype.kind in "fiu"


def find_stems(named: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of queries, keys and values, by side, for each name without its side."""
    stems: dict[str, dict[str, str]] = {}
    for name, value in named.items():
        found = side_of(name) if is_vectors(value) else None
        if found is not None:
            stems.setdefault(found[1], {})[found[0]] = name
    return stems


def find_vectors(named: Mapping[str, Any], selection: Selection) -> StoredVectors:
    """The queries, keys and values of the selected attention.

    Names that differ in one number are layers. Vectors that are rotated by position go before
    those that are not.
    Raises InvalidInputError where there are no queries and keys.
    """
    stems = find_stems(named)
    complete = {stem: names for stem, names in stems.items() if {"query", "key"} <= names.keys()}
    if not complete:
        raise InvalidInputError(describe_missing(named, stems))
    rotated = {stem: names for stem, names in complete.items() if ROTATED.search(stem)}
    kinds = group_layers(list(rotated or complete))
    index, guesses = selection.choose_name(list(kinds))
    layers = list(kinds.values())[index]
    numbers = tuple(sorted(layers))
    names = [complete[layers[number]] for number in numbers]
    if all("value" not in each for each in names):  # values are never rotated
        names = [with_other_values(each, stems) for each in names]
    has_values = all("value" in each for each in names)
    stem = layers[numbers[0]]
    is_only = numbers == (-1,)
    return StoredVectors(
        queries=[named[each["query"]] for each in names],
        keys=[named[each["key"]] for each in names],
        values=[named[each["value"]] for each in names] if has_values else [],
        names=names[0],
        layers=() if is_only else numbers,
        is_projection=PROJECTION.search(stem) is not None,
        is_token_first=TOKEN_FIRST.search(stem) is not None,
        guesses=guesses,
    )


def group_layers(stems: list[str]) -> dict[str, dict[int, str]]:
    """The names by kind and layer; layer −1 where the name has no number."""
    groups: dict[tuple[str, ...], list[ModuleName]] = {}
    kinds: dict[str, dict[int, str]] = {}
    for stem in stems:
        parsed = ModuleName.parse(stem)
        if parsed.numbers:
            groups.setdefault(parsed.texts, []).append(parsed)
        else:
            kinds[stem] = {-1: stem}
    for names in groups.values():
        layer, head = find_positions(names)
        if head is not None:
            raise InvalidInputError(
                f"queries and keys of single heads, such as {names[0].name!r:.60}, are not read; "
                "stack the heads of a layer: [head, token, d]"
            )
        for each in names:
            kinds.setdefault(each.without((layer,)), {})[each.numbers[layer]] = each.name
    return kinds


def with_other_values(
    names: Mapping[str, str], stems: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The names of one layer, with the values whose name has the same numbers, if they are one."""
    numbers = ModuleName.parse(names["query"]).numbers
    values = [
        other["value"]
        for other in stems.values()
        if "value" in other and ModuleName.parse(other["value"]).numbers == numbers
    ]
    return {**names, "value": values[0]} if len(values) == 1 else dict(names)


def describe_missing(named: Mapping[str, Any], stems: Mapping[str, Mapping[str, str]]) -> str:
    """Why there are no queries and keys, what there is, and what to do."""
    one_sided = [name for names in stems.values() for name in names.values()]
    shown = ", ".join(f"{name!r:.60}" for name in (one_sided or list(named))[:FEW]) or "nothing"
    what = "no pair of queries and keys" if one_sided else "no queries and keys"
    return f"it has {what} (there is {shown}), from which an explanation computes weights; {FIX}"
