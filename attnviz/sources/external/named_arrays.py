"""Arrays with names: outputs of models, caches, the members of npz and safetensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import IntArray
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.selection import EAGER, FEW, Wish
from attnviz.sources.external.to_numpy import numeric
from attnviz.sources.external.token_lists import tokens_of

OUTPUTS = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")
KINDS = ("self", "cross", "decoder", "encoder")  # the first is shown where nobody says which
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
Kind = tuple[tuple[int, ...], Any]  # the numbers of its layers, and its arrays
QUERIES = ("query_tokens", "queries", "target_tokens", "left_text", "decoder_tokens", "tokens")
KEYS = ("key_tokens", "keys", "source_tokens", "right_text", "encoder_tokens", "tokens")


def names_in(source: Any) -> dict[str, Any]:
    """What stands under which name in a mapping, a cache, or a model's outputs."""
    if hasattr(source, "keys") and hasattr(source, "__getitem__"):
        return {str(name): source[name] for name in list(source.keys())}
    found = {name: getattr(source, name) for name in OUTPUTS if hasattr(source, name)}
    if not found:
        raise InvalidInputError(f"{type(source).__name__} holds no attention that can be read")
    return found


class NamedAttention(NamedTuple):
    """One attention found by its name: its arrays, and what other names say of it."""

    arrays: Any
    layers: tuple[int, ...]
    queries: Tokens | None
    keys: Tokens | None
    ids: IntArray | None
    guessed: tuple[str, ...]


def find_attention(named: Mapping[str, Any], wish: Wish) -> NamedAttention:
    """The attention among named arrays, with its tokens where they have names too.

    Raises InvalidInputError where nothing is called attention.
    """
    if named.get("beam_indices") is not None:
        raise InvalidInputError(
            "these are attentions of a beam search, whose beams change places from step to step; "
            "generate with num_beams=1, or run the model once over what it wrote"
        )
    kinds = wholes_in(named) | layers_in(named) or steps_in(named) or alone_in(named)
    if not kinds:
        some = ", ".join(repr(name) for name in list(named)[:FEW]) or "nothing"
        raise InvalidInputError(f"there is no attention among {some}; {EAGER}")
    names = sorted(kinds, key=KINDS.index)
    place, guessed = wish.named(names)
    kind = names[place]
    layers, parts = kinds[kind]
    if isinstance(parts, Mapping):
        raise InvalidInputError("the attention is an object, not numbers")
    queries, keys = words_for(kind, named)
    ids = numbers_in(named) if kind == "self" else None
    return NamedAttention(parts, layers, queries, keys, ids, tuple(guessed))


def wholes_in(named: Mapping[str, Any]) -> dict[str, Kind]:
    """Attention under one name, by its kind."""
    matches = [(WHOLE.fullmatch(name), part) for name, part in named.items()]
    return {
        (match[1] or "self").lower(): ((), part)
        for match, part in matches
        if match and part is not None
    }


def layers_in(named: Mapping[str, Any]) -> dict[str, Kind]:
    """Attention under a name for each layer, by its kind."""
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
        kind: (tuple(sorted(parts)), [parts[layer] for layer in sorted(parts)])
        for kind, parts in kinds.items()
    }


def steps_in(named: Mapping[str, Any]) -> dict[str, Kind]:
    """Attention under a name for each step of a generation and each layer."""
    steps: dict[int, dict[int, Any]] = {}
    for name, part in named.items():
        match = STEP.fullmatch(name)
        if match:
            steps.setdefault(int(match[1]), {})[int(match[2])] = part
    ordered = [[steps[step][layer] for layer in sorted(steps[step])] for step in sorted(steps)]
    return {"self": ((), ordered)} if ordered else {}


def alone_in(named: Mapping[str, Any]) -> dict[str, Kind]:
    """The only matrix among the arrays of a file, whatever its name."""
    matrices = [part for part in named.values() if isinstance(part, np.ndarray) and part.ndim > 1]
    return {"self": ((), matrices[0])} if len(matrices) == 1 else {}


def words_for(kind: str, named: Mapping[str, Any]) -> tuple[Tokens | None, Tokens | None]:
    """The tokens of queries and keys that stand beside an attention."""
    queries = ("encoder_tokens", "tokens") if kind == "encoder" else QUERIES
    keys = ("decoder_tokens", "tokens") if kind == "decoder" else KEYS
    return first_words(named, queries), first_words(named, keys)


def numbers_in(named: Mapping[str, Any]) -> IntArray | None:
    """The tokens as numbers of a vocabulary, if they came along.  -> [batch, token] or [token]"""
    if named.get("input_ids") is None:
        return None
    ids = np.asarray(numeric(named["input_ids"], "input_ids"))
    if ids.ndim not in (1, 2) or (ids != np.floor(ids)).any():
        raise InvalidInputError(f"input_ids of shape {ids.shape} should be [batch, token], whole")
    return ids.astype(np.int64)


def first_words(named: Mapping[str, Any], names: Sequence[str]) -> Tokens | None:
    """The tokens under the first of these names that has text."""
    for name in names:
        words = named.get(name)
        if isinstance(words, np.ndarray) and words.dtype.kind == "U" and words.ndim == 1:
            words = words.tolist()
        if isinstance(words, list | tuple) and words and all(isinstance(w, str) for w in words):
            return tokens_of(words, name)
    return None
