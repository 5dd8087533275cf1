"""Decoders close to Llama whose RoPE rotates adjacent pairs of dimensions: Cohere, GLM, ERNIE."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import causal_mask, sliding_window_mask
from attnviz.sources.families.llama_like import LLAMA, LLAMA_STACK, PHI3
from attnviz.sources.families.rope_layers import interleaved_rope, interleaved_rope_in_windows
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Norm, Stack

INTERLEAVED = Slots(position=interleaved_rope, mask=causal_mask)


def cohere_norms(stack: Stack, config: Config) -> Stack:
    """Norms of queries and keys with a row of weights per head, where the config has them."""
    if not config.get_bool("use_qk_norm"):
        return stack
    attention = replace(
        stack.attention,
        query_norm="self_attn.q_norm",
        key_norm="self_attn.k_norm",
        qk_norm_weights="rows",
    )
    return replace(stack, attention=attention)


def cohere_logit_scale(config: Config) -> float:
    """The factor of the logits."""
    return config.get_float("logit_scale")


COHERE_STACK = replace(
    LLAMA_STACK,
    norm=Norm(bias=False),
    attention=replace(LLAMA_STACK.attention, slots=INTERLEAVED),
    feed_forward=replace(LLAMA_STACK.feed_forward, bias=False, before="input_layernorm"),
    parallel=True,
)
COHERE = replace(
    LLAMA,
    name="cohere",
    paper="Cohere 2024, Command R",
    features="interleaved RoPE, parallel feed-forward",
    stacks={"decoder": COHERE_STACK},
    defaults={
        "eps": 1e-5,
        "activation": "silu",
        "n_position": 8192,
        "base": 500000.0,
        "logit_scale": 0.0625,
    },
    keys={**LLAMA.keys, "eps": ("layer_norm_eps",)},
    logit_scale=cohere_logit_scale,
    adapt=cohere_norms,
)
COHERE2 = replace(
    COHERE,
    name="cohere2",
    paper="2504.00698",
    features="3 of 4 layers with RoPE and window, others without positions",
    stacks={
        "decoder": replace(
            COHERE_STACK,
            attention=replace(
                COHERE_STACK.attention,
                slots=Slots(position=interleaved_rope_in_windows, mask=sliding_window_mask),
            ),
        )
    },
    defaults={**COHERE.defaults, "base": 10000.0, "window": 4096, "window_period": 4},
    keys={**COHERE.keys, "window_period": ("sliding_window_pattern",)},
    adapt=LLAMA.adapt,
)

GLM = replace(
    LLAMA,
    name="glm",
    paper="2406.12793",
    features="interleaved partial RoPE, grouped queries",
    stacks={
        "decoder": replace(
            PHI3.stacks["decoder"],
            attention=replace(LLAMA_STACK.attention, output_bias=False, slots=INTERLEAVED),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1.5625e-07,
        "n_position": 131072,
        "n_kv_head": 2,
        "d_head": 128,
        "rotary_share": 0.5,
        "attention_bias": True,
    },
    keys={**LLAMA.keys, "rotary_share": ("partial_rotary_factor",)},
)

GLM4 = replace(
    GLM,
    name="glm4",
    paper="Z.ai 2025",
    features="interleaved partial RoPE, grouped queries, norms before and after",
    stacks={
        "decoder": replace(
            GLM.stacks["decoder"],
            attention=replace(GLM.stacks["decoder"].attention, after="post_self_attn_layernorm"),
            feed_forward=replace(GLM.stacks["decoder"].feed_forward, after="post_mlp_layernorm"),
        )
    },
)

ERNIE4_5 = replace(
    LLAMA,
    name="ernie4_5",
    paper="Baidu 2025",
    features="interleaved RoPE, grouped queries",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                LLAMA_STACK.attention,
                bias="use_bias",
                output_bias="use_bias",
                slots=INTERLEAVED,
            ),
            feed_forward=replace(LLAMA_STACK.feed_forward, bias="use_bias"),
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "silu",
        "n_position": 131072,
        "n_kv_head": 2,
        "d_head": 128,
        "base": 500000.0,
    },
)

HELIUM = replace(
    LLAMA,
    name="helium",
    paper="Kyutai 2025",
    features="interleaved RoPE",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(LLAMA_STACK.attention, output_bias=False, slots=INTERLEAVED),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-8,
        "n_position": 4096,
        "n_kv_head": 20,
        "d_head": 128,
        "base": 100000.0,
    },
)

FAMILIES = (COHERE, COHERE2, GLM, GLM4, ERNIE4_5, HELIUM)
