"""Gemma 3: RoPE with a base for local and one for global layers; alone or in a vision model."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.masks import Full, Mask, Window
from attnviz.sources.families.attention_config import (
    FULL_ATTENTION,
    SLIDING_ATTENTION,
    is_sliding,
    query_pre_attn_scale,
    sliding_window_mask,
)
from attnviz.sources.families.llama_like import GEMMA2
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.slots import Layer, Slots


def gemma3_mask(layer: Layer) -> Mask:
    """Causal mask, with a sliding window in local layers; in both directions in EmbeddingGemma.

    There the window reaches half as far, to each side; one token more with is_causal = false.
    """
    config = layer.config
    if not config.get_bool("is_bidirectional"):
        return sliding_window_mask(layer)
    reach = config.get_int("window") // 2 + (not config.get_bool("is_causal", default=True))
    return Window(reach + 1) if is_sliding(layer) else Full()


GEMMA3_STACK = replace(
    GEMMA2.stacks["decoder"],
    attention=replace(
        GEMMA2.stacks["decoder"].attention,
        query_norm="self_attn.q_norm",
        key_norm="self_attn.k_norm",
        slots=Slots(position=rope_position, mask=gemma3_mask, scale=query_pre_attn_scale),
    ),
)
GEMMA3_TEXT = replace(
    GEMMA2,
    name="gemma3_text",
    paper="2503.19786",
    features="RoPE with two bases, windows in 5 of 6 layers, q/k norm",
    stacks={"decoder": GEMMA3_STACK},
    defaults={
        "eps": 1e-6,
        "activation": "gelu_pytorch_tanh",
        "n_head": 8,
        "n_kv_head": 4,
        "d_head": 256,
        "n_position": 131072,
        "window": 4096,
        "window_period": 6,
        "query_pre_attn_scalar": 256,
        f"{FULL_ATTENTION}_base": 1e6,
        f"{SLIDING_ATTENTION}_base": 1e4,
        "rope_scaling_layers": FULL_ATTENTION,
    },
    keys={
        **GEMMA2.keys,
        "window_period": ("sliding_window_pattern",),
        "is_bidirectional": ("use_bidirectional_attention",),
        f"{FULL_ATTENTION}_base": ("rope_theta",),
        f"{SLIDING_ATTENTION}_base": ("rope_local_base_freq",),
    },
    allowed_values={},
)
GEMMA3 = replace(
    GEMMA3_TEXT,
    name="gemma3",
    features="gemma3_text in a vision model; text only",
    prefixes=("language_model.model.", "model.language_model."),
    text_config="text_config",
    lm_head=("lm_head", "language_model.lm_head"),
    allowed_values={"use_bidirectional_attention": (False,)},
)

FAMILIES = (GEMMA3_TEXT, GEMMA3)
