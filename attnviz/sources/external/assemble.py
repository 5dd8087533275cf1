"""Assembly of an AttentionMap: axes in order, one batch item, tokens and weights checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError, ShapeError
from attnviz.sources.external.alignment_words import name_words
from attnviz.sources.external.attention_mask import NamedMask
from attnviz.sources.external.axes import NAMES, ORDER, order_axes
from attnviz.sources.external.band_layout import expand_offsets, find_unnamed_band
from attnviz.sources.external.cells import Cells, mask_by_expression, read_cells
from attnviz.sources.external.frame_times import time_tokens
from attnviz.sources.external.guesses import Reading
from attnviz.sources.external.item_tokens import (
    BatchItem,
    add_segments,
    name_tokens,
    resolve_tokens,
    split_documents,
)
from attnviz.sources.external.padded_ends import trim_padding
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.safe_read import LONGEST

TOLERANCE = 1e-2  # row sums of 16-bit weights, or of few decimals, may differ from 1 by this


def assemble(raw: RawAttention, tokens: Any, selection: Selection, producer: str) -> AttentionMap:
    """The attention map of raw attention.

    Raises InvalidInputError, with the reason, for weights and tokens that do not fit.
    """
    refuse_unused(raw, selection, producer)
    if (band := raw.band or find_unnamed_band(raw, selection)) is not None:
        raw = expand_offsets(raw, band, selection)
    if raw.pair is not None:
        sides = resolve_tokens(tokens, raw.ids, BatchItem(0, 1))
        words, tokens = name_words(raw.weights, raw.pair, sides), None
        raw = replace(raw, **words._replace(guesses=(*raw.guesses, *words.guesses))._asdict())
    cells, item, item_guesses = select_batch_item(raw, selection)
    times = raw.key_times if selection.key_times is None else selection.key_times
    sides, token_guesses = name_tokens(
        resolve_tokens(tokens, raw.ids, item),
        (raw.queries, raw.keys),
        cells.weights.shape,
        item,
        kind=kind_of_tokens(raw),
        padding=cells.padding,
        frames=None if times is None else time_tokens(times, cells.weights.shape[-1]),
    )
    sides, segment_guesses = add_segments(sides, raw.segments, item)
    if selection.document_end is not None:
        sides = split_documents(sides, selection.document_end)
    cells = mask_by_expression(cells, selection.mask, sides, is_own=raw.is_document)
    guesses = (*raw.guesses, *item_guesses, *token_guesses, *segment_guesses, *cells.guesses)
    amap = build_map(raw, cells, sides, build_meta(raw, cells, producer, guesses))
    return trim_padding(amap) if selection.trim_padding else amap


def kind_of_tokens(raw: RawAttention) -> str:
    """How tokens fit the attention: "self", "cross", "generation" or "vector"."""
    if raw.is_cross:
        return "cross"
    return "vector" if raw.is_vector else "generation" if raw.is_generation else "self"


def build_map(
    raw: RawAttention, cells: Cells, sides: tuple[Tokens, Tokens], meta: MapMetadata
) -> AttentionMap:
    """The map of one batch item: its cells, and what the source states beside them.

    `sides` are query and key tokens.
    Raises InvalidInputError for parts that do not fit each other.
    """
    try:
        return AttentionMap(
            queries=sides[0],
            keys=sides[1],
            weights=cells.weights,
            visible=cells.visible,
            layers=raw.layers,
            heads=raw.heads,
            names=raw.names,
            text=raw.text,
            context=raw.context,
            meta=meta,
            query_vectors=raw.query_vectors,
            key_vectors=raw.key_vectors,
        )
    except ShapeError as error:
        raise InvalidInputError(str(error)) from None


def refuse_unused(raw: RawAttention, selection: Selection, producer: str) -> None:
    """Raise MisuseError for a choice that has no effect on this source."""
    if selection.axes is not None and raw.has_order:
        raise MisuseError(f"--axes has no effect: the axes of this {producer} source have names")
    if raw.is_document:
        for name in ("softmax", "attention_mask", "layout", "key_times"):
            if getattr(selection, name) not in (None, False):
                option = f"--{name.replace('_', '-')}"
                raise MisuseError(
                    f"{option} has no effect: a map of attnviz holds weights and its own mask"
                )


def select_batch_item(
    raw: RawAttention, selection: Selection
) -> tuple[Cells, BatchItem, tuple[str, ...]]:
    """The cells of one batch item, which it is, and how it was chosen.

    Shapes: any -> [layer, head, query, key]
    """
    weights = order_axes(raw.weights, raw.axes)
    check_sizes(weights.shape)
    of_batch = Selection() if raw.is_single else selection
    try:
        index, guesses = of_batch.choose_index(range(weights.shape[1]), "batch item")
    except MisuseError as error:
        readings = [guess for guess in raw.guesses if isinstance(guess, Reading)]
        raise MisuseError("; ".join([str(error), *readings])) from None
    item = BatchItem(index, weights.shape[1])
    visible = None if raw.visible is None else order_axes(raw.visible, raw.axes)[:, index]
    if raw.is_document:
        return Cells(weights[:, index], visible), item, guesses
    masks = raw.masks
    if selection.attention_mask is not None:
        masks = (NamedMask("attention_mask", selection.attention_mask, is_required=True),)
    cells = read_cells(weights[:, index], visible, masks, item, softmax=selection.softmax)
    return cells, item, guesses


def check_sizes(shape: tuple[int, ...]) -> None:
    """Refuse empty axes, and sizes that only a corrupt file has."""
    for axis, size in zip(ORDER, shape, strict=True):
        if not 0 < size <= LONGEST:
            raise InvalidInputError(
                f"the {NAMES[axis]} axis has size {size:,}; it should be from 1 to {LONGEST:,}"
            )


def build_meta(
    raw: RawAttention, cells: Cells, producer: str, guesses: tuple[str, ...]
) -> MapMetadata:
    """The map's metadata: its origin, row sums, padding and rows of NaN.

    Rows are never renormalized; their sums are reported.
    Shapes: cells.weights [layer, head, query, key]
    """
    weights = cells.weights
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
    if signed and over:
        guesses = (*guesses[:-1], f"{guesses[-1]}; if they are scores, add --softmax")
    stated: MapMetadata = {"padding": list(cells.padding)} if cells.padding else {}
    if cells.nan_rows:
        layers = raw.layers or range(weights.shape[0])
        heads = raw.heads or range(weights.shape[1])
        stated["nan_rows"] = [[layers[i], heads[j], rows] for i, j, rows in cells.nan_rows]
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
