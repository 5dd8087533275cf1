"""nn.MultiheadAttention: its query, key and merged mask, from the arguments of a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional

from attnviz.sources.watch.attention_call import AttentionCall, Tensor


def call_of_module(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AttentionCall:
    """The attention call of an nn.MultiheadAttention called with these arguments.

    Shapes: query [query, batch, d], [batch, query, d] if batch_first, or [query, d]
    """
    names = ("query", "key", "value", "key_padding_mask", "need_weights", "attn_mask")
    named = {**dict(zip(names, args, strict=False)), **kwargs}
    query, key = named["query"], named["key"]
    if module.batch_first and query.dim() == 3:
        query = query.transpose(0, 1)
        key = key.transpose(0, 1)
    return multihead_call(
        query,
        key,
        module.num_heads,
        packed_weight=module.in_proj_weight,
        packed_bias=module.in_proj_bias,
        weights=(module.q_proj_weight, module.k_proj_weight),
        bias_k=module.bias_k,
        add_zero_attn=module.add_zero_attn,
        key_padding_mask=named.get("key_padding_mask"),
        attn_mask=named.get("attn_mask"),
        uses_causal_hint=named.get("is_causal", False) and not named.get("need_weights", True),
        dropout=module.dropout if module.training else 0.0,
        is_cross=named["query"] is not named["key"],
    )


def call_of_encoder_layer(layer: Any, args: tuple[Any, ...], kwargs: Any) -> AttentionCall:
    """The attention call of an nn.TransformerEncoderLayer that ran as one fused kernel."""
    names = ("src", "src_mask", "src_key_padding_mask", "is_causal")
    named = {**dict(zip(names, args, strict=False)), **kwargs}
    source, padding = named["src"], named.get("src_key_padding_mask")
    is_nested = source.is_nested
    if is_nested:
        lengths = torch.tensor([len(item) for item in source.unbind()], device=source.device)
        source = torch.nested.to_padded_tensor(source, 0.0)
        padding = torch.arange(source.shape[1], device=source.device) >= lengths[:, None]
    if layer.norm_first:
        source = layer.norm1(source)
    call = call_of_module(
        layer.self_attn,
        (source, source, source),
        {
            "attn_mask": named.get("src_mask"),
            "key_padding_mask": padding,
            "is_causal": named.get("is_causal", False),
            "need_weights": False,
        },
    )
    if is_nested:  # its padding has no queries either
        return replace(call, mask=call.mask + additive(padding)[:, None, :, None])
    return call


def call_of_function(*args: Any, **kwargs: Any) -> AttentionCall:
    """The attention call of F.multi_head_attention_forward with these arguments."""
    names = (
        "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight",
        "in_proj_bias", "bias_k", "bias_v", "add_zero_attn", "dropout_p", "out_proj_weight",
        "out_proj_bias", "training", "key_padding_mask", "need_weights", "attn_mask",
        "use_separate_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight",
        "static_k", "static_v", "average_attn_weights", "is_causal",
    )  # fmt: skip
    named = {**dict(zip(names, args, strict=False)), **kwargs}
    is_separate = named.get("use_separate_proj_weight", False)
    need_weights = named.get("need_weights", True)
    return multihead_call(
        named["query"],
        named["key"],
        named["num_heads"],
        packed_weight=None if is_separate else named["in_proj_weight"],
        packed_bias=named["in_proj_bias"],
        weights=(named.get("q_proj_weight"), named.get("k_proj_weight")),
        bias_k=named["bias_k"],
        add_zero_attn=named["add_zero_attn"],
        key_padding_mask=named.get("key_padding_mask"),
        attn_mask=named.get("attn_mask"),
        static_key=named.get("static_k"),
        uses_causal_hint=named.get("is_causal", False) and not need_weights,
        dropout=named["dropout_p"] if named.get("training", True) else 0.0,
        is_cross=named["query"] is not named["key"],
    )


def multihead_call(
    query: Tensor,
    key: Tensor,
    n_head: int,
    *,
    packed_weight: Tensor,
    packed_bias: Tensor,
    weights: tuple[Tensor, Tensor],
    bias_k: Tensor,
    add_zero_attn: bool,
    key_padding_mask: Tensor,
    attn_mask: Tensor,
    uses_causal_hint: bool,
    dropout: float,
    is_cross: bool,
    static_key: Tensor = None,
) -> AttentionCall:
    """The projected query and key of all heads, with the learned and the zero key added.

    Shapes: query [query, batch, d] or [query, d], key alike
    -> query [batch, head, query, d_head], key [batch, head, key, d_head]
    """
    if query.dim() == 2:
        query, key = query[:, None], key[:, None]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
    _, n_batch, d = query.shape
    query_weight, key_weight = (
        weights if packed_weight is None else (packed_weight[:d], packed_weight[d : 2 * d])
    )
    query_bias, key_bias = (
        (None, None) if packed_bias is None else (packed_bias[:d], packed_bias[d : 2 * d])
    )
    query = functional.linear(*lift(query, query_weight, query_bias))
    if static_key is None:
        key = functional.linear(*lift(key, key_weight, key_bias))
        if bias_k is not None:
            key = torch.cat([key, bias_k.to(key.dtype).repeat(1, n_batch, 1)])
        key = split_heads(key, n_head)
    else:
        key = static_key.view(n_batch, n_head, *static_key.shape[-2:])
    if add_zero_attn:
        key = torch.cat([key, key.new_zeros(*key.shape[:2], 1, key.shape[-1])], dim=2)
    is_causal = uses_causal_hint and key_padding_mask is None
    masks = [] if is_causal else merge_masks(attn_mask, key_padding_mask, n_batch, key.shape[-2])
    return AttentionCall(
        function="nn.MultiheadAttention",
        query=split_heads(query, n_head),
        key=key,
        scale=(d // n_head) ** -0.5,
        mask=sum(masks[1:], masks[0]) if masks else None,
        is_causal=is_causal,
        dropout=dropout,
        is_cross=is_cross,
    )


def lift(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors of 16 bits as float32; others, and None, as they are.    [...] -> [...]"""
    short = (torch.float16, torch.bfloat16)
    return tuple(t.float() if t is not None and t.dtype in short else t for t in tensors)


def split_heads(tensor: Tensor, n_head: int) -> Tensor:
    """[token, batch, d] -> [batch, head, token, d_head]"""
    n_token, n_batch, _ = tensor.shape
    return tensor.reshape(n_token, n_batch, n_head, -1).permute(1, 2, 0, 3)


def merge_masks(
    attn_mask: Tensor, key_padding_mask: Tensor, n_batch: int, n_key: int
) -> list[Tensor]:
    """The masks as additive ones; the keys that the module adds are not masked.

    Shapes: attn_mask [query, key] or [batch × head, query, key], key_padding_mask [batch, key]
    -> each broadcasts to [batch, head, query, key]
    """
    masks = []
    if attn_mask is not None:
        mask = additive(attn_mask)
        mask = mask[None, None] if mask.dim() == 2 else mask.unflatten(0, (n_batch, -1))
        masks.append(functional.pad(mask, (0, n_key - mask.shape[-1])))
    if key_padding_mask is not None:
        mask = additive(key_padding_mask)[:, None, None]
        masks.append(functional.pad(mask, (0, n_key - mask.shape[-1])))
    return masks


def additive(mask: Tensor) -> Tensor:
    """A mask whose True means masked as one that is added to the scores.    [...] -> [...]"""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, device=mask.device).masked_fill(mask, -torch.inf)
