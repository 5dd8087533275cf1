"""Decoders since Llama: RMS norms, rotations, shared keys, gated feed-forward layers."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.attention_config import (
    causal,
    causal_window,
    own_query_scale,
    soft_cap,
)
from attnviz.sources.families.rope_config import rope
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Norm,
    Slots,
    Stack,
)

TURNED = Slots(position=rope, mask=causal)
SLIDING = Slots(position=rope, mask=causal_window)
STACK = Stack(
    layer="layers.{i}.",
    norm=Norm(kind="rms"),
    embedding=Embedding(word=("embed_tokens",)),
    attention=Attention(
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.o_proj",
        bias="attention_bias",
        output_bias="attention_bias",
        before="input_layernorm",
        slots=TURNED,
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
    prefixes=("model.", ""),
    stacks={"decoder": STACK},
    defaults={"eps": 1e-6, "activation": "silu", "n_position": 2048},
    head=("lm_head",),
)

MISTRAL = replace(
    LLAMA,
    name="mistral",
    paper="2310.06825",
    stacks={"decoder": replace(STACK, attention=replace(STACK.attention, slots=SLIDING))},
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
    stacks={
        "decoder": replace(
            STACK,
            attention=replace(STACK.attention, bias=True, output_bias=False, slots=SLIDING),
        )
    },
    defaults=QWEN_DEFAULTS,
)

QWEN3 = replace(
    LLAMA,
    name="qwen3",
    paper="2505.09388",
    stacks={
        "decoder": replace(
            STACK,
            attention=replace(
                STACK.attention,
                query_norm="self_attn.q_norm",
                key_norm="self_attn.k_norm",
                slots=SLIDING,
            ),
        )
    },
    defaults={**QWEN_DEFAULTS, "d_head": 128},
)

GEMMA_STACK = replace(
    STACK,
    norm=Norm(kind="rms", plus_one=True),
    embedding=Embedding(word=("embed_tokens",), scale=True),
    feed_forward=replace(STACK.feed_forward, means={"gelu": "gelu_pytorch_tanh"}),
)
GEMMA = replace(
    LLAMA,
    name="gemma",
    paper="2403.08295",
    stacks={"decoder": GEMMA_STACK},
    defaults={
        "eps": 1e-6,
        "activation": "gelu_pytorch_tanh",
        "n_position": 8192,
        "d_head": 256,
    },
    only={"use_bidirectional_attention": (False,)},
)

GEMMA2 = replace(
    GEMMA,
    name="gemma2",
    paper="2408.00118",
    stacks={
        "decoder": replace(
            GEMMA_STACK,
            attention=replace(
                STACK.attention,
                after="post_attention_layernorm",
                slots=replace(SLIDING, scale=own_query_scale, bias=soft_cap),
            ),
            feed_forward=replace(
                GEMMA_STACK.feed_forward,
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
        "layer_pattern": ("sliding_attention", "full_attention"),
    },
)

PHI3 = replace(
    LLAMA,
    name="phi3",
    paper="2404.14219",
    stacks={
        "decoder": replace(
            STACK,
            attention=Attention(
                fused="self_attn.qkv_proj",
                output="self_attn.o_proj",
                bias=False,
                output_bias=False,
                before="input_layernorm",
                slots=SLIDING,
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
    defaults={"eps": 1e-5, "activation": "silu", "n_position": 4096},
)

OLMO2 = replace(
    LLAMA,
    name="olmo2",
    paper="2501.00656",
    stacks={
        "decoder": replace(
            STACK,
            attention=replace(
                STACK.attention,
                before="",
                after="post_attention_layernorm",
                query_norm="self_attn.q_norm",
                key_norm="self_attn.k_norm",
                norm_each_head=False,
            ),
            feed_forward=replace(
                STACK.feed_forward, bias=False, before="", after="post_feedforward_layernorm"
            ),
        )
    },
    defaults={**LLAMA.defaults, "eps": 1e-5},
)

ROWS = (LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, PHI3, OLMO2)
