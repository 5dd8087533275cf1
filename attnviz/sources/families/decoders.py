"""Decoders before Llama: a token sees itself and the past."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import (
    alibi,
    causal,
    causal_window,
    unless_told,
    unscaled,
)
from attnviz.sources.families.rope_config import rope
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Slots,
    Stack,
)

GPT2 = Family(
    name="gpt2",
    kind="decoder",
    paper="Radford et al. 2019",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            in_first=True,
            embedding=Embedding(word=("wte",), position="wpe"),
            attention=Attention(
                fused="attn.c_attn",
                output="attn.c_proj",
                before="ln_1",
                slots=Slots(mask=causal, scale=unless_told),
            ),
            feed_forward=FeedForward(up="mlp.c_fc", down="mlp.c_proj", before="ln_2"),
            final="ln_f",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu_new", "scale_attn_weights": True},
    only={"add_cross_attention": (False,)},
    head=("lm_head",),
)

GPT_NEO = Family(
    name="gpt_neo",
    kind="decoder",
    paper="Black et al. 2021",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(word=("wte",), position="wpe"),
            attention=Attention(
                query="attn.attention.q_proj",
                key="attn.attention.k_proj",
                value="attn.attention.v_proj",
                output="attn.attention.out_proj",
                bias=False,
                before="ln_1",
                slots=Slots(mask=causal_window, scale=unscaled),
            ),
            feed_forward=FeedForward(up="mlp.c_fc", down="mlp.c_proj", before="ln_2"),
            final="ln_f",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu_new",
        "window": 256,
        "layer_pattern": ("global", "local"),
    },
    head=("lm_head",),
)

GPT_NEOX = Family(
    name="gpt_neox",
    kind="decoder",
    paper="2204.06745",
    prefixes=("gpt_neox.", ""),
    stacks={
        "decoder": Stack(
            layer="layers.{i}.",
            embedding=Embedding(word=("embed_in",)),
            attention=Attention(
                fused="attention.query_key_value",
                fused_by="heads",
                output="attention.dense",
                bias="attention_bias",
                output_bias="attention_bias",
                before="input_layernorm",
                slots=Slots(position=rope, mask=causal),
            ),
            feed_forward=FeedForward(
                up="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h", before="post_attention_layernorm"
            ),
            parallel="use_parallel_residual",
            final="final_layer_norm",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu",
        "n_position": 2048,
        "rotary_share": 0.25,
        "attention_bias": True,
        "use_parallel_residual": True,
    },
    head=("embed_out",),
)


def norms_after(stack: Stack, config: Config) -> Stack:
    """OPT's smallest but one normalizes after each part, and not at the end."""
    if config.flag("do_layer_norm_before"):
        return replace(stack, final="") if config.flag("_remove_final_layer_norm") else stack
    attention, feed_forward = stack.attention, stack.feed_forward
    return replace(
        stack,
        attention=replace(attention, before="", end=attention.before),
        feed_forward=replace(feed_forward, before="", end=feed_forward.before),
        final="",
    )


OPT = Family(
    name="opt",
    kind="decoder",
    paper="2205.01068",
    prefixes=("model.decoder.", "decoder.", ""),
    stacks={
        "decoder": Stack(
            layer="layers.{i}.",
            embedding=Embedding(
                word=("embed_tokens",),
                position="embed_positions",
                offset=2,
                project="project_in",
                project_bias=False,
                project_at="word",
            ),
            attention=Attention(
                query="self_attn.q_proj",
                key="self_attn.k_proj",
                value="self_attn.v_proj",
                output="self_attn.out_proj",
                bias="enable_bias",
                output_bias="enable_bias",
                before="self_attn_layer_norm",
                slots=Slots(mask=causal),
            ),
            feed_forward=FeedForward(
                up="fc1", down="fc2", bias="enable_bias", before="final_layer_norm"
            ),
            final="final_layer_norm",
            final_project="project_out",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "relu",
        "enable_bias": True,
        "do_layer_norm_before": True,
    },
    only={"layer_norm_elementwise_affine": (True,)},
    head=("lm_head",),
    adapt=norms_after,
)

BLOOM = Family(
    name="bloom",
    kind="decoder",
    paper="2211.05100",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(word=("word_embeddings",), norm="word_embeddings_layernorm"),
            attention=Attention(
                fused="self_attention.query_key_value",
                fused_by="heads",
                output="self_attention.dense",
                before="input_layernorm",
                slots=Slots(bias=alibi, mask=causal),
            ),
            feed_forward=FeedForward(
                up="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h", before="post_attention_layernorm"
            ),
            final="ln_f",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu_new"},
    only={"apply_residual_connection_post_layernorm": (False,)},
    head=("lm_head",),
)

ROWS = (GPT2, GPT_NEO, GPT_NEOX, OPT, BLOOM)
