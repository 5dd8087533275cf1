"""Decoders before Llama: GPT-2, GPT-Neo, GPT-NeoX, OPT, BLOOM."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import (
    alibi_bias,
    causal_mask,
    gpt2_scale,
    no_scale,
    sliding_window_mask,
)
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Attention, Embedding, Family, FeedForward, Norm, Stack

GPT2_KEYS = {"eps": ("layer_norm_epsilon",), "activation": ("activation_function",)}
GPT2 = Family(
    name="gpt2",
    kind="decoder",
    paper="Radford et al. 2019",
    features="learned positions",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            in_first=True,
            embedding=Embedding(token=("wte",), position="wpe"),
            attention=Attention(
                fused="attn.c_attn",
                output="attn.c_proj",
                before="ln_1",
                slots=Slots(mask=causal_mask, scale=gpt2_scale),
            ),
            feed_forward=FeedForward(up="mlp.c_fc", down="mlp.c_proj", before="ln_2"),
            final="ln_f",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu_new", "scale_attn_weights": True},
    keys=GPT2_KEYS,
    allowed_values={"add_cross_attention": (False,)},
    lm_head=("lm_head",),
)

GPT_NEO = Family(
    name="gpt_neo",
    kind="decoder",
    paper="Black et al. 2021",
    features="learned positions, windows in every other layer, no scale",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(token=("wte",), position="wpe"),
            attention=Attention(
                query="attn.attention.q_proj",
                key="attn.attention.k_proj",
                value="attn.attention.v_proj",
                output="attn.attention.out_proj",
                bias=False,
                before="ln_1",
                slots=Slots(mask=sliding_window_mask, scale=no_scale),
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
    keys={**GPT2_KEYS, "window": ("window_size",)},
    allowed_values={"is_causal": (True,)},  # transformers masks later keys in any case
    lm_head=("lm_head",),
)

GPT_NEOX = Family(
    name="gpt_neox",
    kind="decoder",
    paper="2204.06745",
    features="partial RoPE, parallel feed-forward",
    prefixes=("gpt_neox.", ""),
    stacks={
        "decoder": Stack(
            layer="layers.{i}.",
            embedding=Embedding(token=("embed_in",)),
            attention=Attention(
                fused="attention.query_key_value",
                fused_by="groups",
                output="attention.dense",
                bias="attention_bias",
                output_bias="attention_bias",
                before="input_layernorm",
                slots=Slots(position=rope_position, mask=causal_mask),
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
        "tie_word_embeddings": False,
    },
    keys={
        "eps": ("layer_norm_eps",),
        "activation": ("hidden_act",),
        "base": ("rope_theta", "rotary_emb_base"),
        "rotary_share": ("partial_rotary_factor", "rotary_pct"),
    },
    lm_head=("embed_out",),
)


def post_norm(stack: Stack, config: Config) -> Stack:
    """OPT-350m has its layer norms after attention and feed-forward layer, and none at the end."""
    if config.get_bool("do_layer_norm_before"):
        return replace(stack, final="") if config.get_bool("_remove_final_layer_norm") else stack
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
    features="learned positions",
    prefixes=("model.decoder.", "decoder.", ""),
    stacks={
        "decoder": Stack(
            layer="layers.{i}.",
            norm=Norm(weight="layer_norm_elementwise_affine"),
            embedding=Embedding(
                token=("embed_tokens",),
                position="embed_positions",
                offset=2,
                project="project_in",
                project_bias=False,
                project_at="token",
            ),
            attention=Attention(
                query="self_attn.q_proj",
                key="self_attn.k_proj",
                value="self_attn.v_proj",
                output="self_attn.out_proj",
                bias="enable_bias",
                output_bias="enable_bias",
                before="self_attn_layer_norm",
                slots=Slots(mask=causal_mask),
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
        "layer_norm_elementwise_affine": True,
    },
    keys={"eps": (), "activation": ("activation_function",), "d_inner": ("ffn_dim",)},
    lm_head=("lm_head",),
    adapt=post_norm,
)

BLOOM = Family(
    name="bloom",
    kind="decoder",
    paper="2211.05100",
    features="ALiBi",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(token=("word_embeddings",), norm="word_embeddings_layernorm"),
            attention=Attention(
                fused="self_attention.query_key_value",
                fused_by="groups",
                output="self_attention.dense",
                before="input_layernorm",
                slots=Slots(bias=alibi_bias, mask=causal_mask),
            ),
            feed_forward=FeedForward(
                up="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h", before="post_attention_layernorm"
            ),
            residual_after_norm="apply_residual_connection_post_layernorm",
            final="ln_f",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu_new"},
    keys={"eps": ("layer_norm_epsilon",), "activation": ()},
    allowed_values={"is_causal": (True,)},  # ALiBi's paper has no bias of later keys
    lm_head=("lm_head",),
)

FAMILIES = (GPT2, GPT_NEO, GPT_NEOX, OPT, BLOOM)
