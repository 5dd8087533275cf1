"""Sliding-window attention stored as a band: keys are offsets from the query.

Longformer and LED return [batch, head, query, x + window + 1]: the weights on x tokens with
global attention, then those on the tokens from window / 2 before the query to window / 2 after
it. The rows of the x tokens are in `global_attentions`, [batch, head, key, x].
Paper: 2004.05150
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.guesses import Reading
from attnviz.sources.external.named_ids import outline
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.safe_read import check_budget

GLOBAL_MASK = "global_attention_mask"
BYTES_PER_CELL = 5  # of a square map: a weight and a flag
LEAST_WINDOW = 2
UNNAMED_WINDOW = 4  # of bands that are recognized by their zeros: those of fewer may be by chance


class Band(NamedTuple):
    """A band as stored: its rows of global tokens by layer, None without any, and their mask.

    Shapes: global_rows [layer, batch, head, key, x]; global_mask [batch, token]
    """

    global_rows: FloatArray | None
    global_mask: IntArray | None
    is_certain: bool


class Square(NamedTuple):
    """A band as a map over all pairs of tokens.

    Shapes: weights [layer, batch, head, token, token]; visible [layer or 1, batch, head or 1,
    token, token]
    """

    weights: FloatArray
    visible: BoolArray
    guesses: tuple[str, ...]


def find_band(kind: str, arrays: Any, named: Mapping[str, Any], layout: str | None) -> Band | None:
    """The band that an attention is stored as; None where its keys are tokens.

    Names of global attention beside it state a band, `layout` ("band" or "full") too. Without
    them a band shows in its shape, and in zeros at the offsets beyond both ends.
    """
    if layout == "full" or kind not in ("self", "encoder"):
        return None
    prefix = "encoder_" if kind == "encoder" else ""
    rows = named.get(f"{prefix}global_attentions")
    mask = named.get(GLOBAL_MASK)
    is_certain = layout == "band" or rows is not None or mask is not None
    shape = outline(arrays)
    if len(shape) < 2:
        return None
    n_query, n_key = shape[-2:]
    if not is_certain:
        is_odd = n_key & 1 and n_key > UNNAMED_WINDOW and n_key != n_query
        if not is_odd or not has_pattern(to_numpy(arrays), n_key - 1):
            return None
    return Band(
        None if rows is None else add_axes(to_numpy(rows, "global_attentions")),
        None if mask is None else read_global_mask(mask),
        is_certain,
    )


def read_global_mask(mask: Any) -> IntArray:
    """The flags of the tokens with global attention.    [batch, token] or [token] -> 2 axes"""
    flags = np.atleast_2d(to_numpy(mask, GLOBAL_MASK))
    if not np.isin(flags, (0, 1)).all():
        raise InvalidInputError(f"{GLOBAL_MASK} should hold 0 and 1 only")
    return flags.astype(np.int64)


def add_axes(array: FloatArray) -> FloatArray:
    """Rows of one layer, or of one sequence, with all axes.    -> [layer, batch, head, key, x]

    Raises InvalidInputError for another number of axes.
    """
    if not 3 <= array.ndim <= 5:
        raise InvalidInputError(
            f"global_attentions of shape {array.shape} should be [layer, batch, head, key, x]"
        )
    while array.ndim < 5:
        array = array[None]
    return array


def key_positions(n_token: int, window: int) -> IntArray:
    """The position of the key at each offset of each query.    -> [query, window + 1]"""
    offsets = np.arange(window + 1) - window // 2
    return np.asarray(np.arange(n_token)[:, None] + offsets)


def is_zero_outside(weights: FloatArray, window: int) -> bool:
    """Whether offsets beyond both ends of the sequence have no weight, and others have.

    Shapes: weights [..., query, window + 1]
    """
    positions = key_positions(weights.shape[-2], window)
    outside = (positions < 0) | (positions >= weights.shape[-2])
    return bool(weights.any()) and not np.any(weights, where=outside)


def has_pattern(weights: FloatArray, window: int) -> bool:
    """Whether weights are 0 beyond both ends, and at most half of the others are.

    Hard alignments have zeros anywhere; softmax has them where a key is masked.
    Shapes: weights [..., query, window + 1]
    """
    if not is_zero_outside(weights, window):
        return False
    positions = key_positions(weights.shape[-2], window)
    inside = (positions >= 0) & (positions < weights.shape[-2])
    used = (inside & np.any(weights, axis=-1, keepdims=True)).sum()
    return bool(2 * np.count_nonzero(weights) >= used)


def expand_band(weights: FloatArray, band: Band, padding: BoolArray | None) -> Square:
    """The band as a map over all pairs; pairs outside the window are masked.

    Shapes: weights [layer, batch, head, token, x + window + 1]; padding [batch, token], None:
    not stated
    Raises InvalidInputError for parts that do not fit each other.
    """
    n_layer, n_batch, n_head, n_token, width = weights.shape
    check_budget(
        BYTES_PER_CELL * n_layer * n_batch * n_head * n_token**2,
        f"this window attention as a map of {n_token:,} × {n_token:,} tokens",
    )
    positions, guesses = find_global_tokens(weights, band, padding)
    n_global = 0 if band.global_rows is None else band.global_rows.shape[-1]
    if band.global_rows is None:
        n_global = max(map(len, positions))
    window = width - 1 - n_global
    if window < LEAST_WINDOW or window & 1 or not is_zero_outside(weights[..., n_global:], window):
        raise InvalidInputError(
            f"{width} weights per query are no band of {n_global} global tokens and an odd "
            "number of offsets with zeros beyond both ends; --layout full reads the last axis as "
            "keys"
        )
    near = key_positions(n_token, window)
    query, offset = np.nonzero((near >= 0) & (near < n_token))
    key = near[query, offset]
    full = np.zeros((n_layer, n_batch, n_head, n_token, n_token), weights.dtype)
    full[..., query, key] = weights[..., query, n_global + offset]
    visible = np.zeros((1, n_batch, 1, n_token, n_token), bool)
    visible[..., query, key] = True
    for item, tokens in enumerate(positions):
        place_global(full, visible, weights, band, item, tokens)
    note = f"keys are offsets in a window of {window + 1} tokens"
    note += f" and {n_global} tokens with global attention" if n_global else ""
    note += "; shown as a map over all tokens (--layout full reads offsets as keys)"
    return Square(full, visible, (note if band.is_certain else Reading(note), *guesses))


def find_global_tokens(
    weights: FloatArray, band: Band, padding: BoolArray | None
) -> tuple[list[list[int]], tuple[str, ...]]:
    """The positions of the tokens with global attention in each item, and a sentence.

    Without a mask they are the queries without weights that are no padding.
    Shapes: weights [layer, batch, head, token, width], padding [batch, token]
    """
    n_batch, n_token = weights.shape[1], weights.shape[3]
    if band.global_mask is not None:
        if band.global_mask.shape != (n_batch, n_token):
            raise InvalidInputError(
                f"{GLOBAL_MASK} of shape {band.global_mask.shape} should be [batch, token] = "
                f"{(n_batch, n_token)}"
            )
        positions = [np.flatnonzero(row == 1).tolist() for row in band.global_mask]
        if band.global_rows is None and any(positions):
            raise InvalidInputError(
                "tokens with global attention have their rows in global_attentions, which is "
                "missing; save the outputs of the model with it"
            )
        return positions, ()
    if band.global_rows is None:
        return [[]] * n_batch, ()
    is_empty: BoolArray = np.logical_not(np.any(weights, axis=(0, 2, 4)))
    if padding is not None:
        is_empty &= ~padding
    positions = [np.flatnonzero(row).tolist() for row in is_empty]
    n_global = band.global_rows.shape[-1]
    unused = [weights[:, i, :, :, len(each) : n_global] for i, each in enumerate(positions)]
    if max(map(len, positions)) != n_global or any(map(np.any, unused)):
        raise InvalidInputError(
            "the tokens with global attention are not certain without their mask; save "
            f"{GLOBAL_MASK} with it, and attention_mask"
        )
    return positions, ("tokens with global attention: the queries without local weights",)


def place_global(
    full: FloatArray,
    visible: BoolArray,
    weights: FloatArray,
    band: Band,
    item: int,
    tokens: Sequence[int],
) -> None:
    """Put the columns and the rows of the global tokens of one item into its map.

    Shapes: full [layer, batch, head, token, token], visible [1, batch, 1, token, token]
    """
    if not tokens:
        return
    assert band.global_rows is not None
    n_token = full.shape[-1]
    shape = band.global_rows.shape  # of more keys: padded to a multiple of the window
    fits = shape[:3] == full.shape[:3] and shape[3] >= n_token and shape[4] >= len(tokens)
    rows = band.global_rows[:, item, ..., : len(tokens)] if fits else None
    if rows is None or rows[..., n_token:, :].any():
        raise InvalidInputError(
            f"global_attentions of shape {shape} does not fit {len(tokens)} tokens with global "
            f"attention of {n_token}"
        )
    for column, token in enumerate(tokens):
        full[:, item, :, :, token] += weights[:, item, :, :, column]
        full[:, item, :, token] = rows[:, :, :n_token, column]
        visible[0, item, 0, :, token] = visible[0, item, 0, token, :] = True
