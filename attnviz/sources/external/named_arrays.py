"""Attention among named arrays: model outputs, caches, members of npz and safetensors."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, IntArray
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.attention_mask import MASK_NAMES, NamedMask, find_mask
from attnviz.sources.external.metadata import MAX_INDEX
from attnviz.sources.external.module_names import StoredAttention, find_modules, role
from attnviz.sources.external.selection import EAGER, FEW, Selection
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.external.token_lists import check_count, make_tokens

OUTPUTS = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")
KINDS = ("self", "cross", "decoder", "encoder")  # the first is the default
WORD = r"(?:attentions?|attn|weights|patterns?)(?:_(?:weights|probs|scores))?"
WHOLE = re.compile(rf"(?:(encoder|decoder|cross)_)?{WORD}", re.IGNORECASE)
LAYER = (
    # TransformerLens: blocks.0.attn.hook_pattern, decoder.0.cross_attn.hook_pattern
    re.compile(
        r"(?:blocks|(?P<part>encoder|decoder))\.(?P<layer>[0-9]{1,6})"
        r"\.(?P<cross>cross_)?attn\.hook_pattern"
    ),
    # np.savez(*attentions), layer_0, attention_0, encoder_attentions_0, layer.0.attn
    re.compile(
        rf"(?:(?P<part>encoder|decoder|cross)_)?(?:arr|layers?|{WORD})[._]?(?P<layer>[0-9]{{1,6}})"
        rf"(?:[._]{WORD})?(?P<cross>)",
        re.IGNORECASE,
    ),
)
STEP = re.compile(r"step[._]?([0-9]{1,6})[._]layer[._]?([0-9]{1,6})", re.IGNORECASE)
INPUT_IDS = "input_ids"
NOT_ATTENTION = (INPUT_IDS, "token_type_ids", "position_ids", "hidden_states", *MASK_NAMES)
QUERIES = ("query_tokens", "queries", "target_tokens", "left_text", "decoder_tokens", "tokens")
KEYS = ("key_tokens", "keys", "source_tokens", "right_text", "encoder_tokens", "tokens")

TOKENS = tuple(name for name in dict.fromkeys((*QUERIES, *KEYS)) if name.endswith("tokens"))


def named_values(source: Any) -> dict[str, Any]:
    """The named values of a mapping, a cache, or a model's outputs."""
    if hasattr(source, "keys") and hasattr(source, "__getitem__"):
        return {str(name): source[name] for name in list(source.keys())}
    outputs = {name: getattr(source, name) for name in OUTPUTS if hasattr(source, name)}
    if not outputs:
        raise InvalidInputError(f"{type(source).__name__} holds no attention that can be read")
    return outputs


class NamedAttention(NamedTuple):
    """One attention, found by its name, with its tokens and mask; None if unknown."""

    stored: StoredAttention
    queries: Tokens | None
    keys: Tokens | None
    ids: IntArray | None
    mask: NamedMask | None
    guesses: tuple[str, ...]


def find_attention(named: Mapping[str, Any], selection: Selection) -> NamedAttention:
    """The selected attention among named arrays, with its tokens if they are among them.

    Raises InvalidInputError if no name stands for attention.
    """
    if named.get("beam_indices") is not None:
        raise InvalidInputError(
            "attention of a beam search is not supported: beams change order between steps; "
            "generate with num_beams=1, or run the model once over the generated text"
        )
    kinds = (
        find_whole(named) | find_layers(named)
        or find_steps(named)
        or find_only_matrix(named)
        or find_modules({name: named[name] for name in named if name not in NOT_ATTENTION})
    )
    if not kinds:
        options = ", ".join(repr(name) for name in list(named)[:FEW]) or "no arrays"
        raise InvalidInputError(f"there is no attention among {options}; {EAGER}")
    names = sorted(kinds, key=lambda name: KINDS.index(name) if name in KINDS else len(KINDS))
    index, guesses = selection.choose_name(names)
    stored = kinds[names[index]]
    kind = names[index] if names[index] in KINDS else role(names[index])
    if isinstance(stored.arrays, Mapping):
        raise InvalidInputError("the attention is an object, not numbers")
    queries, keys = find_tokens(kind, named)
    ids = find_input_ids(named) if kind == "self" else None
    mask = find_mask(kind, named)
    notes = () if queries and keys else describe_unused_tokens(named)
    return NamedAttention(stored, queries, keys, ids, mask, (*guesses, *notes))


def find_whole(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """Attention stored under one name, by kind."""
    matches = [(WHOLE.fullmatch(name), part) for name, part in named.items()]
    return {
        (match[1] or "self").lower(): StoredAttention((), part)
        for match, part in matches
        if match and part is not None
    }


def find_layers(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """Attention stored under one name per layer, by kind."""
    kinds: dict[str, dict[int, Any]] = {}
    for pattern in LAYER:
        for name, part in named.items():
            match = pattern.fullmatch(name)
            if match and part is not None:
                kind = "cross" if match["cross"] else (match["part"] or "self").lower()
                kinds.setdefault(kind, {})[int(match["layer"])] = part
        if kinds:
            break
    return {
        kind: StoredAttention(tuple(sorted(parts)), [parts[layer] for layer in sorted(parts)])
        for kind, parts in kinds.items()
    }


def find_steps(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """Attention stored under one name per generation step and layer."""
    steps: dict[int, dict[int, Any]] = {}
    for name, part in named.items():
        match = STEP.fullmatch(name)
        if match:
            steps.setdefault(int(match[1]), {})[int(match[2])] = part
    ordered = [[steps[step][layer] for layer in sorted(steps[step])] for step in sorted(steps)]
    return {"self": StoredAttention((), ordered)} if ordered else {}


def find_only_matrix(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """The only array with two or more axes, whatever its name."""
    matrices = [
        part
        for name, part in named.items()
        if isinstance(part, np.ndarray) and part.ndim > 1 and name not in (INPUT_IDS, *MASK_NAMES)
    ]
    return {"self": StoredAttention((), matrices[0])} if len(matrices) == 1 else {}


def find_tokens(kind: str, named: Mapping[str, Any]) -> tuple[Tokens | None, Tokens | None]:
    """The query and key tokens of an attention, found by their names."""
    queries = ("encoder_tokens", "tokens") if kind == "encoder" else QUERIES
    keys = ("decoder_tokens", "tokens") if kind == "decoder" else KEYS
    return first_tokens(named, queries), first_tokens(named, keys)


def describe_unused_tokens(named: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each value that is called tokens and does not hold strings."""
    return tuple(
        f"{name} are not shown: {describe_value(named[name])} is not a list of strings"
        for name in TOKENS
        if named.get(name) is not None and first_tokens(named, (name,)) is None
    )


def describe_value(value: Any) -> str:
    """The type of a value, and the shape if it has one."""
    shape = getattr(value, "shape", None)
    kind = type(value).__name__ if shape is None else str(value.dtype)[:40]
    return kind if shape is None else f"{kind} of shape {shape!s:.60}"


def find_input_ids(named: Mapping[str, Any]) -> IntArray | None:
    """The token ids, if there are any.    -> [batch, token] or [token]"""
    if named.get(INPUT_IDS) is None:
        return None
    ids = np.asarray(to_numpy(named[INPUT_IDS], INPUT_IDS))
    if ids.ndim not in (1, 2) or (ids != np.floor(ids)).any() or not is_id(ids).all():
        raise InvalidInputError(
            f"input_ids of shape {ids.shape} should be integers [batch, token], from 0 to "
            f"{MAX_INDEX - 1:,}"
        )
    return ids.astype(np.int64)


def is_id(numbers: Any) -> BoolArray:
    """Whether numbers are in the range of token ids.    [...] -> [...]"""
    return np.asarray((numbers >= 0) & (numbers < MAX_INDEX))


def texts_of(array: Any, name: str) -> list[str]:
    """The strings of a NumPy array, whose characters NumPy does not check.    [token] -> [token]

    Raises InvalidInputError for code points beyond Unicode.
    """
    check_count(array.size, name)
    codes = np.ascontiguousarray(array).view(array.dtype.byteorder.replace("|", "=") + "u4")
    if (codes > sys.maxunicode).any():
        raise InvalidInputError(
            f"{name} holds the code point {codes.max():#x}; Unicode ends at {sys.maxunicode:#x}"
        )
    texts: list[str] = array.tolist()
    return texts


def first_tokens(named: Mapping[str, Any], names: Sequence[str]) -> Tokens | None:
    """The tokens under the first of these names that holds strings."""
    for name in names:
        values = named.get(name)
        if isinstance(values, np.ndarray) and values.dtype.kind == "U" and values.ndim == 1:
            values = texts_of(values, name)
        if isinstance(values, list | tuple) and values and all(isinstance(v, str) for v in values):
            return make_tokens(values, name)
    return None
