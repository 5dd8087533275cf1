"""Attention stored under the names of the modules that computed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.selection import FEW
from attnviz.sources.external.to_numpy import is_array, to_numpy

NUMBER = re.compile(r"[0-9]{1,6}")
LAYER_WORD = re.compile(r"(?:layers?|blocks?|(?<![a-z])[hl])[._/-]?\Z", re.IGNORECASE)
HEAD_WORD = re.compile(r"(?:heads?|(?<![a-z])h)[._/-]?\Z", re.IGNORECASE)
SEPARATORS = (".", "_", "/", "-")
ATTENTION = re.compile(r"att(?:n|ention)|pattern", re.IGNORECASE)
PARAMETER = re.compile(
    r"(?:weight|bias|kernel|scale|gamma|beta|embeddings?|[qkvo]_?proj|lora_[ab]|running_mean"
    r"|running_var)(?::0)?\Z",
    re.IGNORECASE,
)
ROLES = (  # the first whose pattern is in a name says which tokens are queries and keys
    ("cross", re.compile(r"cross|encoder_att|enc_?dec|multihead_attn", re.IGNORECASE)),
    ("decoder", re.compile(r"decoder", re.IGNORECASE)),
    ("encoder", re.compile(r"encoder", re.IGNORECASE)),
)
TOLERANCE = 1e-2  # of row sums
MAX_AXES = 5  # call, batch, head, query, key: Flax collects what every call of a module returns


class StoredAttention(NamedTuple):
    """One attention as it is stored: an array, or one per layer.

    `layers` and `heads` are the numbers in the names, `modules` the names; empty where arrays
    are not named so.
    """

    layers: tuple[int, ...]
    arrays: Any
    heads: tuple[int, ...] = ()
    modules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # sentences about arrays beside it that are not read


class ModuleName(NamedTuple):
    """A name, and its text between and around its numbers."""

    name: str
    texts: tuple[str, ...]
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, name: str, *, is_first: bool = False) -> ModuleName:
        """Split a name at its numbers; Keras leaves out the 0 of the first name of several."""
        full = f"{name}_0" if is_first else name
        return cls(name, tuple(NUMBER.split(full)), tuple(map(int, NUMBER.findall(full))))

    def without(self, positions: Iterable[int | None]) -> str:
        """The name without some of its numbers, and without the separators before each."""
        text = self.texts[0]
        for position, (number, after) in enumerate(zip(self.numbers, self.texts[1:], strict=True)):
            if position not in positions:
                text += f"{number}{after}"
            elif after[:1] in SEPARATORS:
                text = text.rstrip("".join(SEPARATORS)) + after
            else:
                text += after
        return text.strip("._/-") or "attention"


def find_modules(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """The layers of each attention whose arrays are named after modules, by kind.

    Names that differ in one number only are layers; a second number that differs is a head, if
    the name says so, or makes several attentions, one for each block of a layer.

    Names that speak of attention go before others, such as those of probabilities of experts.
    Raises InvalidInputError where no such arrays hold weights.
    """
    groups: dict[tuple[str, ...], list[ModuleName]] = {}
    arrays = [n for n, value in named.items() if is_matrix(value) and not PARAMETER.search(n)]
    for name in arrays:
        parsed = ModuleName.parse(name, is_first=any(f"{name}_{n}" in arrays for n in (1, 2)))
        if parsed.numbers:
            groups.setdefault(parsed.texts, []).append(parsed)
    kinds: dict[str, dict[int, dict[int, str]]] = {}
    for names in groups.values():
        layer, head = find_positions(names)
        for each in names:
            of_kind = kinds.setdefault(each.without((layer, head)), {})
            heads = of_kind.setdefault(each.numbers[layer], {})
            heads[0 if head is None else each.numbers[head]] = each.name
    called = {kind: layers for kind, layers in kinds.items() if ATTENTION.search(kind)} or kinds
    found, errors = {}, []
    for kind, layers in called.items():
        try:
            found[kind] = join_heads(kind, layers, named)
        except InvalidInputError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    beside = [kind for kind in kinds if kind not in found]
    if not beside:
        return found
    left_out = ", ".join(f"{kind:.60}" for kind in beside[:FEW]) + ", …" * (len(beside) > FEW)
    note = f"not read, as they are not attention weights by name or value: {left_out}"
    return {kind: stored._replace(notes=(note,)) for kind, stored in found.items()}


def is_matrix(value: Any) -> bool:
    """Whether a value is an array, or a list of lists, of two to five axes of numbers."""
    if isinstance(value, list):
        first = value[0] if value else None
        return isinstance(first, list) and bool(first) and not isinstance(first[0], str)
    if not is_array(value) or not 2 <= len(value.shape) <= MAX_AXES:
        return False
    return not isinstance(value, np.ndarray) or value.dtype.kind == "f"


def find_positions(names: list[ModuleName]) -> tuple[int, int | None]:
    """Which number of names with the same text is the layer, and which is the head, if any."""
    columns = zip(*(each.numbers for each in names), strict=True)
    varying = [position for position, column in enumerate(columns) if len(set(column)) > 1]
    texts = names[0].texts
    heads = [p for p in varying if HEAD_WORD.search(texts[p])]
    head = heads[-1] if heads and len(varying) > 1 else None
    candidates = [p for p in varying or range(len(texts) - 1) if p != head]
    layers = [p for p in candidates if LAYER_WORD.search(texts[p])]
    return (layers or candidates)[0], head


def join_heads(
    kind: str, layers: Mapping[int, Mapping[int, str]], named: Mapping[str, Any]
) -> StoredAttention:
    """The arrays of one attention, whose names are given by layer and head.

    Shapes: each [query, key], or [..., query, key] without numbers of heads
    -> one [head, query, key], or the same, per layer
    """
    numbers = sorted(layers)
    heads = sorted(layers[numbers[0]])
    arrays = []
    for layer in numbers:
        if sorted(layers[layer]) != heads:
            raise InvalidInputError(
                f"layer {layer} of {kind!r:.60} has other heads than layer {numbers[0]}"
            )
        parts = [require_weights(named[layers[layer][head]], kind) for head in heads]
        arrays.append(parts[0] if parts[0].ndim > 2 else stack_heads(parts, kind))
    if len(heads) > 1:
        return StoredAttention(tuple(numbers), arrays, tuple(heads))
    modules = tuple(layers[layer][heads[0]] for layer in numbers)
    return StoredAttention(tuple(numbers), arrays, modules=modules)


def stack_heads(heads: list[FloatArray], kind: str) -> FloatArray:
    """The heads of one layer.    each [query, key] -> [head, query, key]"""
    if any(head.shape != heads[0].shape for head in heads):
        raise InvalidInputError(
            f"the heads of {kind!r:.60} should be matrices [query, key] of one shape"
        )
    return np.stack(heads)


def require_weights(value: Any, kind: str) -> FloatArray:
    """The array of a module, if its values are attention weights.    [..., key] -> the same

    Hooks also record what a module returns: hidden states, whose values differ in sign.
    """
    array = to_numpy(value, kind[:60])
    if array.ndim == MAX_AXES:
        if len(array) > 1:
            raise InvalidInputError(
                f"{kind!r:.60} of shape {array.shape} is of {len(array)} calls; pass one of them"
            )
        array = array[0]
    if array.ndim < 2 or not array.size:
        raise InvalidInputError(f"{kind!r:.60} has shape {array.shape}, which is not attention")
    with np.errstate(invalid="ignore", over="ignore"):
        is_weights = (array >= 0).all() and (array.sum(-1) <= 1 + TOLERANCE).all()
    if not is_weights:
        raise InvalidInputError(
            f"the arrays called {kind!r:.60} are not attention weights (from 0, rows that sum to "
            "at most 1): outputs of modules, or scores? Name an array 'attentions' to read it "
            "as it is"
        )
    return array


def role(kind: str) -> str:
    """Which tokens a named attention relates: self, cross, decoder or encoder."""
    return next((name for name, pattern in ROLES if pattern.search(kind)), "self")
