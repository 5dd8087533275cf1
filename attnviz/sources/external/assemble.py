"""Assembly of an AttentionMap: axes in order, one batch item, tokens and weights checked."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError, ShapeError
from attnviz.record import Record
from attnviz.sources.external.alignment_words import SentencePair, name_words
from attnviz.sources.external.attention_mask import AppliedMask, NamedMask, apply_mask
from attnviz.sources.external.axes import NAMES, ORDER, order_axes
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.token_lists import (
    match_tokens,
    match_vector_tokens,
    split_sides,
)
from attnviz.sources.safe_read import LONGEST

TOLERANCE = 1e-2  # row sums of 16-bit weights, or of few decimals, may differ from 1 by this


class RawAttention(Record, kw_only=True, eq=False):
    """Attention as read from a source, before it becomes an AttentionMap.

    Shapes: weights and visible have the axes that the letters of `axes` name, of "lbhqk"; ids,
    the token ids, are [batch, token] or [token]; `mask` is applied to the weights' batch item.

    `is_document`: from a document of attnviz, whose meta is kept as it is. `is_single`: one
    batch item has been selected already. `pair`: the words of an alignment, which `assemble`
    makes tokens of where the caller gives none. `guesses` holds one sentence per assumption.
    """

    weights: FloatArray
    axes: str
    visible: BoolArray | None = None
    queries: tuple[Token, ...] | None = None
    keys: tuple[Token, ...] | None = None
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    text: str | None = None
    context: str | None = None
    meta: MapMetadata = field(default_factory=MapMetadata)
    query_vectors: FloatArray | None = None
    key_vectors: FloatArray | None = None
    ids: IntArray | None = None
    mask: NamedMask | None = None
    guesses: tuple[str, ...] = ()
    pair: SentencePair | None = None
    is_document: bool = False
    is_single: bool = False
    has_order: bool = True  # the order of its axes is known from the format
    is_vector: bool = False  # one weight per word: a single list of tokens is of the keys


def assemble(raw: RawAttention, tokens: Any, selection: Selection, producer: str) -> AttentionMap:
    """The attention map of raw attention.

    Raises InvalidInputError, with the reason, for weights and tokens that do not fit.
    """
    if selection.axes is not None and raw.has_order:
        raise MisuseError(f"--axes has no effect: the axes of this {producer} source have names")
    if raw.pair is not None:
        sides = split_sides(tokens(input_ids(raw, 0)) if callable(tokens) else tokens)
        words, tokens = name_words(raw.weights, raw.pair, sides), None
        guesses = (*raw.guesses, *words.guesses)
        raw = replace(raw, **words._replace(guesses=guesses)._asdict())
    weights, visible, mask, item, item_guesses = select_batch_item(raw, selection)
    sides = split_sides(tokens(input_ids(raw, item)) if callable(tokens) else tokens)
    match = match_vector_tokens if raw.is_vector else match_tokens
    (queries, keys), token_guesses = match(
        sides[0] or raw.queries, sides[1] or raw.keys, weights.shape
    )
    guesses = (*raw.guesses, *item_guesses, *token_guesses, *mask.guesses)
    try:
        return AttentionMap(
            queries=queries,
            keys=keys,
            weights=weights,
            visible=visible,
            layers=raw.layers,
            heads=raw.heads,
            names=raw.names,
            text=raw.text,
            context=raw.context,
            meta=build_meta(raw, weights, producer, guesses, mask.padding),
            query_vectors=raw.query_vectors,
            key_vectors=raw.key_vectors,
        )
    except ShapeError as error:
        raise InvalidInputError(str(error)) from None


def select_batch_item(
    raw: RawAttention, selection: Selection
) -> tuple[FloatArray, BoolArray | None, AppliedMask, int, tuple[str, ...]]:
    """One batch item: its weights, visible pairs and mask, its index, and how it was chosen.

    Shapes: any -> [layer, head, query, key]
    """
    weights = order_axes(raw.weights, raw.axes)
    check_sizes(weights.shape)
    of_batch = Selection() if raw.is_single else selection
    item, guesses = of_batch.choose_index(range(weights.shape[1]), "batch item")
    visible = None if raw.visible is None else order_axes(raw.visible, raw.axes)[:, item]
    mask = AppliedMask() if raw.mask is None else apply_mask(raw.mask, weights, item)
    if mask.visible is not None:
        visible = mask.visible if visible is None else visible & mask.visible
    return weights[:, item], visible, mask, item, guesses


def input_ids(raw: RawAttention, item: int) -> list[int]:
    """The token ids of one batch item.    [batch, token] -> [token]"""
    if raw.ids is None:
        raise InvalidInputError(
            "a tokenizer.json needs input_ids, and the source has none; give the tokens"
        )
    ids: list[int] = (raw.ids if raw.ids.ndim == 1 else raw.ids[item]).tolist()
    return ids


def check_sizes(shape: tuple[int, ...]) -> None:
    """Refuse empty axes, and sizes that only a corrupt file has."""
    for axis, size in zip(ORDER, shape, strict=True):
        if not 0 < size <= LONGEST:
            raise InvalidInputError(
                f"the {NAMES[axis]} axis has size {size:,}; it should be from 1 to {LONGEST:,}"
            )


def build_meta(
    raw: RawAttention,
    weights: FloatArray,
    producer: str,
    guesses: tuple[str, ...],
    padding: tuple[int, ...] = (),
) -> MapMetadata:
    """The map's metadata: its origin, row sums and padding.    [layer, head, query, key]

    Rows are never renormalized; their sums are reported.
    """
    if raw.is_document:
        return {**raw.meta, "guessed": list(guesses)} if guesses else raw.meta
    with np.errstate(invalid="ignore", over="ignore"):  # the map itself refuses NaN and infinity
        sums = weights.sum(-1, dtype=np.float64)
        signed = bool((weights < 0).any())
        over = bool((sums > 1 + TOLERANCE).any()) or signed
        under = bool(((sums < 1 - TOLERANCE) & (sums != 0)).any())
    row_sum: RowSum = "any" if over else "at most 1" if under else "1"
    if row_sum != "1":
        low, high = float(sums.min()), float(sums.max())
        guesses = (*guesses, f"row sums range from {low:.3g} to {high:.3g} (not normalized)")
    if signed:
        guesses = (*guesses, f"some weights are negative, down to {float(weights.min()):.3g}")
    stated: MapMetadata = {"padding": list(padding)} if padding else {}
    if guesses:
        stated["guessed"] = list(guesses)
    return {
        "source": "foreign",
        "producer": producer,
        **raw.meta,
        "row_sum": row_sum,
        "signed": signed,
        **stated,
    }
