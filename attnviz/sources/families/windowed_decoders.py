"""Decoders close to Llama with windows, or no positions, in some layers: OLMo 3, EXAONE 4."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.attention_config import FULL_ATTENTION, sliding_window_mask
from attnviz.sources.families.llama_like import LLAMA, LLAMA_STACK, MISTRAL, OLMO2, ROPE_SLIDING
from attnviz.sources.families.rope_layers import rope_in_listed_layers, rope_in_windows
from attnviz.sources.families.slots import Slots

SMOLLM3 = replace(
    LLAMA,
    name="smollm3",
    paper="Hugging Face 2025",
    features="RoPE in 3 of 4 layers, grouped queries",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                LLAMA_STACK.attention,
                slots=Slots(position=rope_in_listed_layers, mask=sliding_window_mask),
            ),
        )
    },
    defaults={
        "eps": 1e-6,
        "activation": "silu",
        "n_position": 32768,
        "n_kv_head": 4,
        "base": 2000000.0,
        "use_sliding_window": False,
        "no_rope_layer_interval": 4,
    },
)

OLMO3 = replace(
    OLMO2,
    name="olmo3",
    paper="Ai2 2025",
    features="RoPE, windows in 3 of 4 layers, q/k norm, norm after",
    stacks={
        "decoder": replace(
            OLMO2.stacks["decoder"],
            attention=replace(OLMO2.stacks["decoder"].attention, slots=ROPE_SLIDING),
        )
    },
    defaults={
        **OLMO2.defaults,
        "base": 500000.0,
        "window": 4096,
        "window_period": 4,
        "rope_scaling_layers": FULL_ATTENTION,
    },
    allowed_values={"partial_rotary_factor": (1.0,)},
)


EXAONE4 = replace(
    LLAMA,
    name="exaone4",
    paper="2507.11407",
    features="3 of 4 layers with RoPE and window, others without positions, q/k norm",
    stacks={
        "decoder": replace(
            OLMO2.stacks["decoder"],
            attention=replace(
                OLMO2.stacks["decoder"].attention,
                bias=False,
                output_bias=False,
                qk_norm_weights="shared",
                slots=Slots(position=rope_in_windows, mask=sliding_window_mask),
            ),
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5, "window": 4096, "window_period": 4},
    keys={**LLAMA.keys, "window_period": ("sliding_window_pattern",)},
)

MINISTRAL = replace(
    MISTRAL,
    name="ministral",
    paper="Mistral AI 2024",
    features="RoPE, grouped queries, sliding window",
)

FAMILIES = (SMOLLM3, OLMO3, EXAONE4, MINISTRAL)
