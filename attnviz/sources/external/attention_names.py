"""Attention by its name: whole, one array per layer, or one per generation step and layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from attnviz.sources.external.module_names import StoredAttention

WORD = r"(?:attentions?|attn|weights|patterns?)(?:_(?:weights|probs|scores))?"
WHOLE = re.compile(
    rf"(?:(?P<part>encoder|decoder|cross)_)?(?:{WORD}|qk_matmul_output)",  # the latter: ONNX
    re.IGNORECASE,
)
LAYER = (
    # TransformerLens: blocks.0.attn.hook_pattern, decoder.0.cross_attn.hook_pattern
    re.compile(
        r"(?:blocks|(?P<part>encoder|decoder))\.(?P<layer>[0-9]{1,6})"
        r"\.(?P<cross>cross_)?attn\.hook_(?:pattern|attn_scores)"
    ),
    # np.savez(*attentions), layer_0, attention_0, encoder_attentions_0, layer.0.attn
    re.compile(
        rf"(?:(?P<part>encoder|decoder|cross)_)?(?:arr|layers?|{WORD})[._]?(?P<layer>[0-9]{{1,6}})"
        rf"(?:[._]{WORD})?(?P<cross>)",
        re.IGNORECASE,
    ),
)
STEP = re.compile(r"step[._]?([0-9]{1,6})[._]layer[._]?([0-9]{1,6})", re.IGNORECASE)
NUMBER = "{}"  # of the layer, in a name without it
SCORES, ATTENTION = re.compile("scores|qk_matmul", re.IGNORECASE), re.compile(WORD, re.IGNORECASE)
Attentions = dict[str, StoredAttention]


class NamedPart(NamedTuple):
    """An array, the kind of attention that its name states, and the name without its number."""

    kind: str
    stem: str
    layer: int
    array: Any


def find_whole(named: Mapping[str, Any]) -> Attentions:
    """Attention stored under one name, by kind."""
    matches = [(name, WHOLE.fullmatch(name), part) for name, part in named.items()]
    found = choose_stems(
        NamedPart((match["part"] or "self").lower(), name, 0, part)
        for name, match, part in matches
        if match and part is not None
    )
    return {kind: StoredAttention((), parts[0].array) for kind, parts in found.items()}


def find_layers(named: Mapping[str, Any]) -> Attentions:
    """Attention stored under one name per layer, by kind."""
    for pattern in LAYER:
        matches = [(name, pattern.fullmatch(name), part) for name, part in named.items()]
        found = choose_stems(
            NamedPart(
                "cross" if match["cross"] else (match["part"] or "self").lower(),
                f"{name[: match.start('layer')]}{NUMBER}{name[match.end('layer') :]}",
                int(match["layer"]),
                part,
            )
            for name, match, part in matches
            if match and part is not None
        )
        if found:
            ordered = {
                kind: sorted(parts, key=lambda part: part.layer) for kind, parts in found.items()
            }
            return {
                kind: StoredAttention(
                    tuple(part.layer for part in parts), [part.array for part in parts]
                )
                for kind, parts in ordered.items()
            }
    return {}


def choose_stems(parts: Iterable[NamedPart]) -> dict[str, list[NamedPart]]:
    """The parts of each kind; of several names of a kind, those that weights have.

    Scores and arrays of layers come after weights. Names that are alike are kinds of their own.
    """
    kinds: dict[str, dict[str, list[NamedPart]]] = {}
    for part in parts:
        kinds.setdefault(part.kind, {}).setdefault(part.stem, []).append(part)
    result: dict[str, list[NamedPart]] = {}
    for kind, stems in kinds.items():
        best = min(map(rank, stems))
        chosen = [stem for stem in stems if rank(stem) == best]
        for stem in chosen:
            result[kind if len(chosen) == 1 else stem] = stems[stem]
    return result


def rank(stem: str) -> int:
    """0 for a name of weights, 1 for one of scores, 2 for one that only counts layers."""
    if SCORES.search(stem):
        return 1
    return 0 if ATTENTION.search(stem) else 2


def find_steps(named: Mapping[str, Any]) -> Attentions:
    """Attention stored under one name per generation step and layer."""
    steps: dict[int, dict[int, Any]] = {}
    for name, part in named.items():
        match = STEP.fullmatch(name)
        if match:
            steps.setdefault(int(match[1]), {})[int(match[2])] = part
    ordered = [[steps[step][layer] for layer in sorted(steps[step])] for step in sorted(steps)]
    layers = {tuple(sorted(parts)) for parts in steps.values()}
    numbers = layers.pop() if len(layers) == 1 else ()
    return {"self": StoredAttention(numbers, ordered)} if ordered else {}
