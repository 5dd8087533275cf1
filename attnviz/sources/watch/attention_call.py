"""Attention call: the query, key and mask of one call, or the weights that it computed.

Fused kernels return no weights. They are recomputed here from query and key, in blocks of query
rows, in float32 and without gradients, on the device of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record

BLOCK_SIZE = 1 << 22  # weights of a block of rows
BLOCKING = -1e4  # an additive mask with this value or less masks the pair
Tensor = Any  # torch.Tensor; torch is not a dependency, and has types of its own
Indices = Sequence[int]
Adjustment = Callable[[Tensor, Indices, Indices, Indices], Tensor]


def scale_or_default(scale: float | None, query: Tensor) -> float:
    """The scale of a call; without one, 1/√d.    query [..., d]"""
    default: float = query.shape[-1] ** -0.5
    return default if scale is None else scale


class AttentionCall(Record, kw_only=True, eq=False):
    """One call of an attention function.

    Shapes: query [batch, head, query, d], key [batch, head or kv_head, key, d]; mask broadcasts
    to [batch, head, query, key] and is boolean (True = attends) or added to the scores; weights
    [batch, head, query, key] of a call that computed them itself, instead of query and key.

    `adjust` changes a block of scores, −inf where a pair is masked: it takes the scores, the
    batch items, the heads and the query rows of the block. `visible` are the pairs that `weights`
    do not mask; `sink` is one more logit per head.
    """

    function: str
    query: Tensor = None
    key: Tensor = None
    weights: Tensor = None
    visible: Tensor = None
    scale: float = 1.0
    mask: Tensor = None
    is_causal: bool = False
    first_causal_key: int = 0
    sink: Tensor = None
    adjust: Adjustment | None = None
    dropout: float = 0.0
    is_cross: bool | None = None
    guesses: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of its weights: batch, heads, queries, keys."""
        if self.weights is not None:
            return tuple(self.weights.shape)
        n_batch, n_head, n_query, _ = self.query.shape
        return n_batch, n_head, n_query, self.key.shape[-2]


class Rows(NamedTuple):
    """The weights of a block of query rows.

    Shapes: weights [item, head, row, key]; visible broadcasts to the same, None: no pair is
    masked. `first` is the position of the first row among the selected rows; `queries` are the
    positions of the rows among all keys, the last query being the last key.
    """

    first: int
    queries: tuple[int, ...]
    weights: FloatArray
    visible: BoolArray | None


def compute_rows(
    call: AttentionCall, items: Indices, heads: Indices, rows: Indices
) -> Iterator[Rows]:
    """The weights of the selected items, heads and query rows, block by block.

    Shapes: call [batch, head, query, key] -> blocks of [item, head, row, key]
    """
    n_query, n_key = call.shape[-2:]
    per_block = max(1, BLOCK_SIZE // max(1, len(items) * len(heads) * n_key))
    for first in range(0, len(rows), per_block):
        block = rows[first : first + per_block]
        weights, visible = compute_block(call, items, heads, block)
        pairs = None if visible is None else np.array(visible.cpu().numpy())
        queries = tuple(row + n_key - n_query for row in block)
        yield Rows(first, queries, to_numpy(weights), pairs)


def compute_block(
    call: AttentionCall, items: Indices, heads: Indices, rows: Indices
) -> tuple[Tensor, Tensor]:
    """Weights and visible pairs of one block of rows.    -> [item, head, row, key] each"""
    if call.weights is not None:
        weights = pick(pick(pick(call.weights, 0, items), 1, heads), 2, rows)
        if call.visible is None:
            return weights, None
        return weights, pick(pick(pick(call.visible, 0, items), 1, heads), 2, rows)
    query = pick(pick(pick(call.query, 0, items), 1, heads), 2, rows)
    n_query_head, n_key_head = call.query.shape[1], call.key.shape[1]
    key_heads = [head * n_key_head // n_query_head for head in heads]
    key = pick(pick(call.key, 0, items), 1, key_heads)
    dtype = torch.float64 if query.dtype == torch.float64 else torch.float32
    scores = torch.matmul(query.to(dtype) * call.scale, key.to(dtype).transpose(-2, -1))
    visible = None
    if call.adjust is not None:
        scores = call.adjust(scores, items, heads, rows)
        visible = ~torch.isneginf(scores)
    if call.is_causal:
        causal = causal_pairs(call, rows, scores)
        visible = causal if visible is None else visible & causal
    if call.mask is not None:
        mask = pick(pick(pick(call.mask, 0, items), 1, heads), 2, rows)
        if mask.dtype == torch.bool:
            visible = mask if visible is None else visible & mask
        else:
            scores = scores + mask.to(dtype)
            allowed = mask > BLOCKING
            # A row masked by finite values only still distributes its weight.
            is_empty = ~(allowed if visible is None else allowed & visible).any(-1, keepdim=True)
            allowed = allowed | (is_empty & (mask > -torch.inf))
            visible = allowed if visible is None else visible & allowed
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    return softmax_rows(scores, call.sink, heads), visible


def causal_pairs(call: AttentionCall, rows: Sequence[int], scores: Tensor) -> Tensor:
    """The causal mask: query i attends to keys up to i + first_causal_key.    -> [row, key]"""
    keys = torch.arange(scores.shape[-1], device=scores.device)
    positions = torch.tensor(list(rows), device=scores.device) + call.first_causal_key
    return (keys <= positions[:, None])[None, None]


def softmax_rows(scores: Tensor, sink: Tensor, heads: Sequence[int]) -> Tensor:
    """Softmax over the keys; a row without a visible key is 0.

    A sink is one more logit per head, whose weight is not part of the result.
    Shapes: scores [item, head, row, key], sink [head] -> [item, head, row, key]
    """
    if sink is not None:
        logits = pick(sink, 0, heads).to(scores.dtype).view(1, -1, 1, 1)
        scores = torch.cat([scores, logits.expand(*scores.shape[:-1], 1)], dim=-1)
        return torch.softmax(scores, dim=-1)[..., :-1]
    weights = torch.softmax(scores, dim=-1)
    is_empty = torch.isneginf(scores.amax(-1, keepdim=True))
    return weights.masked_fill(is_empty, 0.0)


def pick(tensor: Tensor, axis: int, indices: Sequence[int]) -> Tensor:
    """Some entries of an axis; an axis of length 1 stays as it broadcasts.    [...] -> [...]"""
    n = tensor.shape[axis]
    if n == 1 or (len(indices) == n and list(indices) == list(range(n))):
        return tensor
    first, last = indices[0], indices[-1]
    if list(indices) == list(range(first, last + 1)):
        return tensor.narrow(axis, first, last - first + 1)
    return tensor.index_select(axis, torch.tensor(list(indices), device=tensor.device))


def to_numpy(tensor: Tensor) -> FloatArray:
    """A tensor of any device and type as a float32 array of its own memory.    [...] -> [...]"""
    return np.array(tensor.detach().to(dtype=torch.float32).cpu().numpy())
