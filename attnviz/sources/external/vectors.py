"""Queries and keys of other programs: what attention weights are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.external.cell_values import mask_nan
from attnviz.sources.external.fused_vectors import has_fused, split_fused
from attnviz.sources.external.item_tokens import BatchItem, name_tokens, resolve_tokens
from attnviz.sources.external.named_ids import count_sequences, find_input_ids
from attnviz.sources.external.named_tokens import find_tokens
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.external.vector_axes import Sizes, Vectors, read_axes
from attnviz.sources.external.vector_names import StoredVectors, find_vectors, side_of
from attnviz.sources.external.vector_terms import (
    find_bias,
    find_number,
    find_visible,
    find_weights,
    fit_weights,
)
from attnviz.sources.memory import format_bytes, machine_memory

HEADS = ("num_heads", "n_head", "n_heads", "num_attention_heads", "heads")
SCALES = ("scale", "scaling", "softmax_scale", "sm_scale", "attn_scale")
SOFTCAPS = ("softcap", "logit_cap", "attn_logit_softcapping")
MAX_HEADS = 1 << 16
STAGES = 6  # arrays of scores that an explanation holds at the same time


class QueriesKeys(Record, eq=False):
    """Queries, keys and values of one sequence, what is added to their scores, and the weights.

    Shapes, per layer: query [head, query, d], key [kv_head, key, d], value [kv_head, key,
    d_value]; weights [layer, head, query, key]; visible and bias broadcast to
    [head, query, key]. None: not in the source.

    `names` are those of the arrays in the source, by side. `layers` and `heads` are their
    numbers; no heads: counted from 0.
    """

    query: list[FloatArray]
    key: list[FloatArray]
    value: list[FloatArray] | None
    queries: Tokens
    keys: Tokens
    layers: tuple[int, ...]
    names: Mapping[str, str]
    heads: tuple[int, ...] = ()
    weights: FloatArray | None = None
    visible: BoolArray | None = None
    bias: FloatArray | None = None
    scale: float | None = None
    softcap: float | None = None
    guesses: tuple[str, ...] = ()
    meta: MapMetadata = field(default_factory=MapMetadata)


def has_vectors(named: Mapping[str, Any]) -> bool:
    """Whether named values hold queries and keys."""
    sides = {side_of(name)[0] for name in named if side_of(name) is not None}  # type: ignore[index]
    return {"query", "key"} <= sides or has_fused(named)


def from_named_vectors(
    named: Mapping[str, Any], selection: Selection, tokens: Any = None, n_head: int | None = None
) -> QueriesKeys:
    """The queries and keys of one sequence among named arrays.

    Args:
        named: arrays by name: q, query, query_states, blocks.0.attn.hook_q and others.
        selection: which attention and which batch item, and the order of the axes.
        tokens: as for `attnviz.read`.
        n_head: the number of heads of arrays that hold all heads side by side.

    Raises InvalidInputError where there are none, or where they do not fit each other.
    """
    named, fused_notes = split_fused(named)
    stored = find_vectors(named, selection)
    rest = {name: named[name] for name in named if side_of(name) is None}
    weights = find_weights(rest)
    n_head = find_n_head(named, n_head, weights)
    n_query, n_key = (None, None) if weights is None else weights.shape[-2:]
    n_sequence = None if n_key is None else count_sequences(named, n_key)
    layers, guesses = read_layers(
        stored, Sizes(n_head, n_query, n_key, n_sequence), selection.axes
    )
    n_batch, n_head, n_query, _ = layers[0].query.shape
    n_key = layers[0].key.shape[2]
    require_memory(n_head, n_query, n_key)  # before a token per query and key is made
    index, notes = selection.choose_index(range(n_batch), "batch item")
    item, shape = BatchItem(index, n_batch), (len(layers), n_head, n_query, n_key)
    kept: BoolArray | None = None
    nan_notes: tuple[str, ...] = ()
    if weights is not None:
        weights = fit_weights(weights, (shape[0], n_batch, *shape[1:]))[:, index]
        weights, kept, nan_notes = read_nan(weights)
    ids = find_input_ids(named)
    sides, token_notes = name_tokens(
        resolve_tokens(tokens, ids, item), find_tokens("self", rest, shape[-2:]), shape, item
    )
    visible, mask_notes = find_visible(rest, weights, shape, item, selection.attention_mask)
    if kept is not None:
        visible = kept if visible is None else visible & kept
    has_values = all(layer.value is not None for layer in layers)
    return QueriesKeys(
        query=[layer.query[index] for layer in layers],
        key=[layer.key[index] for layer in layers],
        value=[layer.value[index] for layer in layers] if has_values else None,  # type: ignore[index]
        queries=sides[0],
        keys=sides[1],
        layers=stored.layers or tuple(range(len(layers))),
        names=stored.names,
        weights=weights,
        visible=visible,
        bias=find_bias(rest, shape, item),
        scale=find_number(rest, SCALES),
        softcap=find_number(rest, SOFTCAPS),
        guesses=(
            *(*fused_notes, *stored.guesses, *guesses, *notes),
            *(*token_notes, *mask_notes, *nan_notes),
        ),
    )


def require_memory(n_head: int, n_query: int, n_key: int) -> None:
    """Raise MisuseError where scores of this size need more memory than there is."""
    n_byte, available = STAGES * 8 * n_head * n_query * n_key, machine_memory()
    if available is not None and n_byte > available:
        raise MisuseError(
            f"the scores of {n_head} heads, {n_query:,} × {n_key:,} tokens, need "
            f"{format_bytes(n_byte)} of memory; save fewer heads or tokens"
        )


def read_nan(weights: FloatArray) -> tuple[FloatArray, BoolArray | None, tuple[str, ...]]:
    """The weights without NaN of masked pairs, the other pairs, and a sentence for each reading.

    Shapes: [layer, head, query, key] -> likewise, and [head, query, key]; None: all pairs, or
    layers that differ
    Raises InvalidInputError for other weights that are NaN or infinite.
    """
    values = mask_nan(weights, None)
    bad = np.argwhere(~np.isfinite(values.weights))
    if bad.size:
        layer, head, query, key = bad[0].tolist()
        raise InvalidInputError(
            f"the weights should be finite numbers, and that of layer {layer}, head {head}, query "
            f"{query}, key {key} is {weights[layer, head, query, key]}"
        )
    kept = values.visible
    is_same = kept is not None and bool((kept == kept[:1]).all())
    return values.weights, kept[0] if kept is not None and is_same else None, values.guesses


def find_n_head(
    named: Mapping[str, Any], n_head: int | None, weights: FloatArray | None
) -> int | None:
    """The number of heads that is given, stated in the source, or that of the weights.

    Shapes: weights [..., head, query, key] or [query, key]
    """
    if n_head is not None and not 1 <= n_head <= MAX_HEADS:
        raise MisuseError(f"--heads {n_head} must be from 1 to {MAX_HEADS:,}")
    if n_head is None and (stated := find_number(named, HEADS)) is not None:
        if not 1 <= stated <= MAX_HEADS or stated != int(stated):
            raise InvalidInputError(
                f"the number of heads is {stated:g}; it should be from 1 to {MAX_HEADS:,}"
            )
        n_head = int(stated)
    if weights is None or weights.ndim < 3:
        return n_head
    if n_head not in (None, weights.shape[-3]):
        raise MisuseError(
            f"--heads {n_head} contradicts the weights of {weights.shape[-3]} heads in the source"
        )
    return int(weights.shape[-3])


def read_layers(
    stored: StoredVectors, sizes: Sizes, axes: str | None
) -> tuple[list[Vectors], tuple[str, ...]]:
    """The vectors of each layer in standard axes, and sentences about what is a guess."""
    n_layer = len(stored.queries)
    sides = {"query": stored.queries, "key": stored.keys, "value": stored.values}
    arrays = {
        side: [to_numpy(array, stored.names[side]) for array in each]
        for side, each in sides.items()
    }
    if n_layer == 1 and all(each[0].ndim == 5 for each in arrays.values() if each):
        arrays = {side: list(each[0]) if each else [] for side, each in arrays.items()}
        n_layer = len(arrays["query"])
    values: list[Any] = arrays["value"] or [None] * n_layer
    if not n_layer == len(arrays["key"]) == len(values):
        raise InvalidInputError("queries, keys and values have different numbers of layers")
    guesses: dict[str, None] = {}
    layers = []
    for parts in zip(arrays["query"], arrays["key"], values, strict=True):
        vectors, notes = read_axes(
            parts,
            sizes,
            axes,
            is_projection=stored.is_projection,
            is_token_first=stored.is_token_first,
        )
        guesses.update(dict.fromkeys(notes))
        layers.append(vectors)
        if vectors.query.shape[:3] != layers[0].query.shape[:3]:
            raise InvalidInputError(
                f"the queries of layers have different shapes: {layers[0].query.shape} and "
                f"{vectors.query.shape}"
            )
        if not all(np.isfinite(a).all() for a in vectors if a is not None):
            raise InvalidInputError("queries, keys and values should be finite numbers")
    return layers, tuple(guesses)
