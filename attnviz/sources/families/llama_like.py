"""Decoders since Llama: RMS norm, RoPE, grouped-query attention, gated feed-forward layers."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.attention_config import (
    causal_mask,
    query_pre_attn_scale,
    sliding_window_mask,
    softcap_bias,
)
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Attention, Embedding, Family, FeedForward, Norm, Stack

ROPE_CAUSAL = Slots(position=rope_position, mask=causal_mask)
ROPE_SLIDING = Slots(position=rope_position, mask=sliding_window_mask)
LLAMA_STACK = Stack(
    layer="layers.{i}.",
    norm=Norm(kind="rms"),
    embedding=Embedding(token=("embed_tokens",)),
    attention=Attention(
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.o_proj",
        bias="attention_bias",
        output_bias="attention_bias",
        before="input_layernorm",
        slots=ROPE_CAUSAL,
    ),
    feed_forward=FeedForward(
        up="mlp.up_proj",
        gate="mlp.gate_proj",
        down="mlp.down_proj",
        bias="mlp_bias",
        before="post_attention_layernorm",
    ),
    final="norm",
)
LLAMA = Family(
    name="llama",
    kind="decoder",
    paper="2302.13971",
    features="RoPE, grouped queries",
    prefixes=("model.", ""),
    stacks={"decoder": LLAMA_STACK},
    defaults={
        "eps": 1e-6,
        "activation": "silu",
        "n_position": 2048,
        "tie_word_embeddings": False,
    },
    keys={
        "eps": ("rms_norm_eps",),
        "activation": ("hidden_act",),
        "window": ("sliding_window",),
        "base": ("rope_theta",),
        "rotary_share": (),
    },
    lm_head=("lm_head",),
)

MISTRAL = replace(
    LLAMA,
    name="mistral",
    paper="2310.06825",
    features="RoPE, grouped queries, sliding window",
    stacks={
        "decoder": replace(
            LLAMA_STACK, attention=replace(LLAMA_STACK.attention, slots=ROPE_SLIDING)
        )
    },
    defaults={**LLAMA.defaults, "n_kv_head": 8, "n_position": 131072, "window": 4096},
)

QWEN_DEFAULTS = {
    **LLAMA.defaults,
    "n_position": 32768,
    "window": 4096,
    "use_sliding_window": False,
    "max_window_layers": 28,
}
QWEN2 = replace(
    LLAMA,
    name="qwen2",
    paper="2407.10671",
    features="RoPE, grouped queries, query/key bias",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                LLAMA_STACK.attention, bias=True, output_bias=False, slots=ROPE_SLIDING
            ),
        )
    },
    defaults=QWEN_DEFAULTS,
)

QWEN3 = replace(
    LLAMA,
    name="qwen3",
    paper="2505.09388",
    features="RoPE, grouped queries, q/k norm",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                LLAMA_STACK.attention,
                query_norm="self_attn.q_norm",
                key_norm="self_attn.k_norm",
                slots=ROPE_SLIDING,
            ),
        )
    },
    defaults={**QWEN_DEFAULTS, "d_head": 128},
)

GEMMA_STACK = replace(
    LLAMA_STACK,
    norm=Norm(kind="rms", plus_one=True),
    embedding=Embedding(token=("embed_tokens",), scale=True),
    feed_forward=replace(
        LLAMA_STACK.feed_forward, activation_aliases={"gelu": "gelu_pytorch_tanh"}
    ),
)
GEMMA = replace(
    LLAMA,
    name="gemma",
    paper="2403.08295",
    features="RoPE",
    stacks={"decoder": GEMMA_STACK},
    defaults={
        "eps": 1e-6,
        "activation": "gelu_pytorch_tanh",
        "n_position": 8192,
        "d_head": 256,
    },
    allowed_values={"use_bidirectional_attention": (False,)},
)

GEMMA2 = replace(
    GEMMA,
    name="gemma2",
    paper="2408.00118",
    features="RoPE, windows in every other layer, soft cap",
    keys={**LLAMA.keys, "activation": ("hidden_activation",)},
    stacks={
        "decoder": replace(
            GEMMA_STACK,
            attention=replace(
                LLAMA_STACK.attention,
                after="post_attention_layernorm",
                slots=replace(ROPE_SLIDING, scale=query_pre_attn_scale, bias=softcap_bias),
            ),
            feed_forward=replace(
                LLAMA_STACK.feed_forward,
                before="pre_feedforward_layernorm",
                after="post_feedforward_layernorm",
            ),
        )
    },
    defaults={
        **GEMMA.defaults,
        "n_kv_head": 4,
        "window": 4096,
        "query_pre_attn_scalar": 256,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "layer_pattern": ("sliding_attention", "full_attention"),
    },
    logit_softcap="final_logit_softcapping",
)

PHI3 = replace(
    LLAMA,
    name="phi3",
    paper="2404.14219",
    features="RoPE (LongRoPE), sliding window",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=Attention(
                fused="self_attn.qkv_proj",
                output="self_attn.o_proj",
                bias=False,
                output_bias=False,
                before="input_layernorm",
                slots=ROPE_SLIDING,
            ),
            feed_forward=FeedForward(
                up="mlp.gate_up_proj",
                down="mlp.down_proj",
                fused=True,
                bias=False,
                before="post_attention_layernorm",
            ),
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5, "n_position": 4096},
    keys={**LLAMA.keys, "rotary_share": ("partial_rotary_factor",)},
)

OLMO2 = replace(
    LLAMA,
    name="olmo2",
    paper="2501.00656",
    features="RoPE, q/k norm, norm after",
    stacks={
        "decoder": replace(
            LLAMA_STACK,
            attention=replace(
                LLAMA_STACK.attention,
                before="",
                after="post_attention_layernorm",
                query_norm="self_attn.q_norm",
                key_norm="self_attn.k_norm",
                qk_norm_weights="joined",
            ),
            feed_forward=replace(
                LLAMA_STACK.feed_forward, bias=False, before="", after="post_feedforward_layernorm"
            ),
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5},
)

FAMILIES = (LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, PHI3, OLMO2)
