"""Attention functions that are recognized by name, and the attention call of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch
from torch.nn import functional

from attnviz.sources.watch.attention_call import AttentionCall, Tensor, scale_or_default
from attnviz.sources.watch.multihead import call_of_function


class NestedTensorError(ValueError):
    """A nested tensor, whose items have different lengths."""


def scaled_dot_product_call(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> AttentionCall:
    """The call of F.scaled_dot_product_attention with these arguments.

    Its causal mask is aligned at the first query and the first key.
    Shapes: query [..., query, d], key [..., key, d]
    """
    del value, enable_gqa
    if query.is_nested or key.is_nested:
        raise NestedTensorError(
            "nested tensors are not supported: pad them, or process one sequence at a time"
        )
    guesses: tuple[str, ...] = ()
    n_axis = max(query.dim(), key.dim())
    leading = broadcast_leading(query, key)
    if n_axis == 3:
        guesses = ("the first axis of query is taken as batch: it has no axis of heads",)
    query, key = as_four_axes(query, leading), as_four_axes(key, leading)
    mask = materialize(attn_mask, query.device)
    if mask is not None:
        mask = mask_as_four_axes(mask, leading)
    return AttentionCall(
        function="F.scaled_dot_product_attention",
        query=query,
        key=key,
        scale=scale_or_default(scale, query),
        mask=mask,
        is_causal=bool(is_causal),
        dropout=dropout_p,
        guesses=guesses,
    )


def broadcast_leading(query: Tensor, key: Tensor) -> tuple[int, ...]:
    """The axes before [query, d], with those of key heads as they are.    -> [..., head]"""
    before, of_key = tuple(query.shape[:-2]), tuple(key.shape[:-2])
    if len(before) >= 2 and len(of_key) == len(before) and before[-1] != of_key[-1]:
        return (*torch.broadcast_shapes(before[:-1], of_key[:-1]), before[-1])  # grouped heads
    return tuple(torch.broadcast_shapes(before, of_key))


def as_four_axes(tensor: Tensor, leading: tuple[int, ...]) -> Tensor:
    """[..., token, d] -> [batch, head, token, d]: further axes become batch items"""
    if len(leading) < 2:
        tensor = tensor.expand(*leading, *tensor.shape[-2:])
        return tensor.reshape(-1, 1, *tensor.shape[-2:])
    n_head = tensor.shape[-3] if tensor.dim() > 2 else 1
    tensor = tensor.expand(*leading[:-1], n_head, *tensor.shape[-2:])
    return tensor.reshape(-1, n_head, *tensor.shape[-2:])


def mask_as_four_axes(mask: Tensor, leading: tuple[int, ...]) -> Tensor:
    """[..., query, key] -> broadcasts to [batch, head, query, key]"""
    mask = mask.reshape((1,) * (len(leading) + 2 - mask.dim()) + tuple(mask.shape))
    if len(leading) < 2:
        return mask.reshape(-1, 1, *mask.shape[-2:])
    if any(n > 1 for n in mask.shape[:-3]):
        mask = mask.expand(*leading[:-1], *mask.shape[-3:])
    return mask.reshape(-1, *mask.shape[-3:])


def materialize(mask: Any, device: Any) -> Tensor:
    """A mask as a tensor; those of torch.nn.attention.bias compute theirs."""
    make = getattr(mask, "_materialize", None)
    return mask if make is None else make(device)


def flash_attention_call(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    dropout_p: float = 0.0,
    softmax_scale: float | None = None,
    causal: bool = False,
    window_size: tuple[int, int] = (-1, -1),
    softcap: float = 0.0,
    alibi_slopes: Tensor = None,
    **others: Any,
) -> AttentionCall:
    """The call of flash_attn_func; its causal mask is aligned at the last query and key.

    Shapes: q [batch, query, head, d], k [batch, key, kv_head, d]
    """
    del v, others
    query, key = q.transpose(1, 2), k.transpose(1, 2)
    offset = key.shape[2] - query.shape[2]

    def adjust(scores: Tensor, items: Any, heads: Any, rows: Any) -> Tensor:
        if softcap:
            scores = softcap * torch.tanh(scores / softcap)
        queries = torch.tensor(list(rows), device=scores.device) + offset
        distance = torch.arange(scores.shape[3], device=scores.device) - queries[:, None]
        if alibi_slopes is not None:
            slopes = alibi_slopes.expand(query.shape[0], -1)[list(items)][:, list(heads)]
            scores = scores - slopes[:, :, None, None].to(scores.dtype) * distance.abs()
        left, right = window_size
        is_hidden = torch.zeros_like(distance, dtype=torch.bool)
        if left >= 0:
            is_hidden |= distance < -left
        if right >= 0:
            is_hidden |= distance > right
        return scores.masked_fill(is_hidden, -torch.inf)

    return AttentionCall(
        function="flash_attn_func",
        query=query,
        key=key,
        scale=scale_or_default(softmax_scale, query),
        is_causal=causal,
        first_causal_key=offset,
        adjust=adjust,
        dropout=dropout_p,
    )


def memory_efficient_call(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_bias: Any = None,
    p: float = 0.0,
    scale: float | None = None,
    **others: Any,
) -> AttentionCall:
    """The call of memory_efficient_attention of xformers.

    Shapes: query [batch, query, head, d] or [batch, query, d], key alike
    """
    del value, others
    if query.dim() == 3:
        query, key = query[:, :, None], key[:, :, None]
    query, key = query.transpose(1, 2), key.transpose(1, 2)
    mask = attn_bias
    if attn_bias is not None and not isinstance(attn_bias, torch.Tensor):
        shape = (query.shape[0], query.shape[1], query.shape[2], key.shape[2])
        mask = attn_bias.materialize(shape, dtype=torch.float32, device=query.device)
    if mask is not None and mask.dim() == 3:
        mask = mask.unflatten(0, (query.shape[0], -1))
    return AttentionCall(
        function="memory_efficient_attention",
        query=query,
        key=key,
        scale=scale_or_default(scale, query),
        mask=mask,
        dropout=p,
    )


CALLS: dict[Any, Callable[..., AttentionCall]] = {  # intercepted by the torch function mode
    functional.scaled_dot_product_attention: scaled_dot_product_call,
    functional.multi_head_attention_forward: call_of_function,
}


def parse_arguments(build: Callable[..., AttentionCall], args: Any, kwargs: Any) -> AttentionCall:
    """The attention call of these arguments; arguments of later versions are left out."""
    names = signature(build).parameters
    if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in names.values()):
        kwargs = {name: value for name, value in kwargs.items() if name in names}
    return build(*args, **kwargs)
