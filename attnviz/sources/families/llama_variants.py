"""Decoders close to Llama, with other norms or activations: OLMo, StableLM, Nemotron, Apertus."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.llama_like import (
    LLAMA,
    LLAMA_STACK,
    QWEN3,
    ROPE_SLIDING,
)
from attnviz.sources.families.spec import Family, FeedForward, Norm, Stack

LAYER_NORM_KEYS = {
    **LLAMA.keys,
    "eps": ("layer_norm_eps",),
    "rotary_share": ("partial_rotary_factor",),
}
PARTIAL_KEYS = {**LLAMA.keys, "rotary_share": ("partial_rotary_factor",)}
OLMO = replace(
    LLAMA,
    name="olmo",
    paper="2402.00838",
    features="RoPE, norms without weights, clipped queries, keys and values",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            norm=Norm(weight=False),
            attention=replace(LLAMA_STACK.attention, clip="clip_qkv"),
            feed_forward=replace(LLAMA_STACK.feed_forward, bias=False),
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5},
    keys={**LLAMA.keys, "eps": ()},
)


def stablelm_norms(stack: Stack, config: Config) -> Stack:
    """Norms of queries and keys for each head, and one norm for parallel branches."""
    attention, feed_forward = stack.attention, stack.feed_forward
    if config.get_bool("qk_layernorm"):
        attention = replace(
            attention,
            query_norm="self_attn.q_layernorm",
            key_norm="self_attn.k_layernorm",
            qk_norm_weights="listed",
        )
    if config.get_bool("use_parallel_residual"):
        feed_forward = replace(feed_forward, before=attention.before)
    return replace(stack, attention=attention, feed_forward=feed_forward)


STABLELM = replace(
    LLAMA,
    name="stablelm",
    paper="2402.17834",
    features="partial RoPE, q/k norm per head",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            norm=Norm(),
            attention=replace(LLAMA_STACK.attention, bias="use_qkv_bias", output_bias=False),
            feed_forward=replace(LLAMA_STACK.feed_forward, bias=False),
            parallel="use_parallel_residual",
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5, "n_position": 4096, "rotary_share": 0.25},
    keys=LAYER_NORM_KEYS,
    adapt=stablelm_norms,
)

STARCODER2 = replace(
    LLAMA,
    name="starcoder2",
    paper="2402.19173",
    features="RoPE, grouped queries, sliding window",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            norm=Norm(),
            attention=replace(
                LLAMA_STACK.attention,
                bias="use_bias",
                output_bias="use_bias",
                slots=ROPE_SLIDING,
            ),
            feed_forward=FeedForward(
                up="mlp.c_fc",
                down="mlp.c_proj",
                bias="use_bias",
                before="post_attention_layernorm",
            ),
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu_pytorch_tanh",
        "n_position": 4096,
        "n_kv_head": 2,
        "use_bias": True,
    },
    keys={**LLAMA.keys, "eps": ("norm_epsilon",)},
)

NEMOTRON = replace(
    LLAMA,
    name="nemotron",
    paper="2402.16819",
    features="partial RoPE, squared ReLU",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            norm=Norm(plus_one=True),
            feed_forward=replace(LLAMA_STACK.feed_forward, gate=""),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-5,
        "activation": "relu2",
        "n_position": 4096,
        "rotary_share": 0.5,
    },
    keys={**PARTIAL_KEYS, "eps": ("norm_eps",)},
)

SEED_OSS = replace(
    LLAMA,
    name="seed_oss",
    paper="ByteDance 2025",
    features="RoPE, grouped queries, query/key bias",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(LLAMA_STACK.attention, output_bias="attention_out_bias"),
        )
    },
    defaults={
        **LLAMA.defaults,
        "n_position": 524288,
        "n_kv_head": 8,
        "d_head": 128,
        "attention_bias": True,
    },
)

APERTUS_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 12000000.0,
    "factor": 8.0,
    "original_max_position_embeddings": 8192,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
}
APERTUS = replace(
    LLAMA,
    name="apertus",
    paper="2509.14233",
    features="RoPE (Llama 3), q/k norm, xIELU",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                QWEN3.stacks["decoder"].attention,
                before="attention_layernorm",
                slots=LLAMA_STACK.attention.slots,
            ),
            feed_forward=FeedForward(
                up="mlp.up_proj",
                down="mlp.down_proj",
                bias=False,
                before="feedforward_layernorm",
                xielu="mlp.act_fn",
            ),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-5,
        "activation": "xielu",
        "n_position": 65536,
        "base": 12000000.0,
        "rope_parameters": APERTUS_ROPE,
    },
    allowed_values={"partial_rotary_factor": (1.0,)},
)

ARCEE = replace(
    LLAMA,
    name="arcee",
    paper="Arcee AI 2025",
    features="RoPE, squared ReLU",
    stacks={
        "decoder": replace(LLAMA_STACK, feed_forward=replace(LLAMA_STACK.feed_forward, gate=""))
    },
    defaults={**LLAMA.defaults, "eps": 1e-5, "activation": "relu2", "n_position": 4096},
)

FAMILIES: tuple[Family, ...] = (
    OLMO,
    STABLELM,
    STARCODER2,
    NEMOTRON,
    SEED_OSS,
    APERTUS,
    ARCEE,
)
