"""Attention among named arrays: model outputs, caches, members of npz and safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.attention_mask import NamedMask, find_masks
from attnviz.sources.external.attention_names import find_layers, find_steps, find_whole
from attnviz.sources.external.band import GLOBAL_MASK, Band, find_band
from attnviz.sources.external.frame_times import find_times
from attnviz.sources.external.module_names import StoredAttention, find_modules, role
from attnviz.sources.external.named_ids import (
    OF_SEQUENCES,
    count_sequences,
    find_input_ids,
    find_segments,
    outline,
)
from attnviz.sources.external.named_tokens import Found, describe_unused_tokens, find_tokens
from attnviz.sources.external.selection import EAGER, FEW, Selection
from attnviz.sources.external.to_numpy import is_array

# Reports of attnviz, by a name that the others do not have.
REPORTS = {"steps": "explain", "profile_bins": "heads", "prediction": "effect"}
GLOBAL_ROWS = ("global_attentions", "encoder_global_attentions")
NOT_ATTENTION = ("position_ids", "hidden_states", GLOBAL_MASK, *GLOBAL_ROWS, *OF_SEQUENCES)
OUTPUTS = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")
BEAMS = "beam_indices"  # of a beam search, whose rows belong to other beams at each step
DEPTH = 20  # of mappings in mappings
KINDS = ("self", "cross", "decoder", "encoder")  # the first is the default


def named_values(source: Any) -> dict[str, Any]:
    """The named values of a mapping, a cache, or a model's outputs."""
    if hasattr(source, "keys") and hasattr(source, "__getitem__"):
        return flatten({str(name): source[name] for name in list(source.keys())})
    present = (*OUTPUTS, *GLOBAL_ROWS, BEAMS)
    outputs = {name: getattr(source, name) for name in present if hasattr(source, name)}
    if not outputs:
        raise InvalidInputError(f"{type(source).__name__} holds no attention that can be read")
    return outputs


def flatten(named: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The values with those of inner mappings of arrays under joined names: block_0/attention.

    Flax collects values of modules so, each a tuple with an entry per call. Other mappings and
    values stay.
    """
    result: dict[str, Any] = {}
    for name, value in named.items():
        inner = flatten(value, depth + 1) if isinstance(value, Mapping) and depth < DEPTH else {}
        if inner and all(is_array(array) for array in inner.values()):
            result |= {f"{name}/{other}": array for other, array in inner.items()}
        elif depth and isinstance(value, tuple) and len(value) == 1 and is_array(value[0]):
            result[name] = value[0]
        else:
            result[name] = value
    return result


class NamedAttention(NamedTuple):
    """One attention, found by its name, and what the source states beside it; None if unknown.

    `n_sequence` is the number of sequences of the batch.
    """

    stored: StoredAttention
    is_cross: bool
    queries: Found
    keys: Found
    ids: IntArray | None
    segments: IntArray | None
    masks: tuple[NamedMask, ...]
    n_sequence: int | None
    guesses: tuple[str, ...]
    band: Band | None = None
    key_times: FloatArray | None = None


def find_attention(named: Mapping[str, Any], selection: Selection) -> NamedAttention:
    """The selected attention among named arrays, with its tokens if they are among them.

    Raises InvalidInputError if no name stands for attention.
    """
    kind, stored, guesses = choose_attention(named, selection)
    band = find_band(kind, stored.arrays, named, selection.layout)
    n_query, n_key = (1, 1, *outline(stored.arrays))[-2:]
    sizes = (n_query, n_key) if band is None else (n_query, n_query)
    queries, keys = find_tokens(kind, named, sizes)
    return NamedAttention(
        stored=stored,
        is_cross=kind == "cross",
        queries=queries,
        keys=keys,
        ids=find_input_ids(named) if kind == "self" else None,
        segments=find_segments(named) if kind == "self" else None,
        masks=find_masks(kind, named),
        n_sequence=count_sequences(named, sizes[-1]),
        guesses=(*guesses, *(() if queries and keys else describe_unused_tokens(named))),
        band=band,
        key_times=find_times(named),
    )


def choose_attention(
    named: Mapping[str, Any], selection: Selection
) -> tuple[str, StoredAttention, tuple[str, ...]]:
    """The kind of the selected attention, its arrays, and a sentence if it was the default.

    Raises InvalidInputError if no name stands for attention.
    """
    kinds = (
        find_whole(named) | find_layers(named)
        or find_steps(named)
        or find_only_matrix(named)
        or find_modules({name: named[name] for name in named if name not in NOT_ATTENTION})
    )
    if not kinds:
        if report := next((REPORTS[name] for name in named if name in REPORTS), None):
            raise InvalidInputError(
                f"the output of attnviz {report} holds no map; render the map that it was made of"
            )
        options = ", ".join(repr(name) for name in list(named)[:FEW]) or "no arrays"
        raise InvalidInputError(f"there is no attention among {options}; {EAGER}")
    names = sorted(kinds, key=lambda name: KINDS.index(name) if name in KINDS else len(KINDS))
    index, guesses = selection.choose_name(names)
    stored = kinds[names[index]]
    kind = names[index] if names[index] in KINDS else role(names[index])
    if named.get(BEAMS) is not None and kind != "encoder":
        raise InvalidInputError(
            "attention of a beam search is not supported: beams change order between steps; "
            "generate with num_beams=1, or run the model once over the generated text"
            + ("; --which encoder is read" if "encoder" in names else "")
        )
    if isinstance(stored.arrays, Mapping):
        raise InvalidInputError("the attention is an object, not numbers")
    return kind, stored, (*guesses, *stored.notes)


def find_only_matrix(named: Mapping[str, Any]) -> dict[str, StoredAttention]:
    """The only array with two or more axes, whatever its name."""
    matrices = [
        part
        for name, part in named.items()
        if isinstance(part, np.ndarray) and part.ndim > 1 and name not in OF_SEQUENCES
    ]
    return {"self": StoredAttention((), matrices[0])} if len(matrices) == 1 else {}
