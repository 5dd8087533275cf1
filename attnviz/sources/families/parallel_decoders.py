"""Decoders whose attention and feed-forward layer run in parallel: GPT-J, Phi, Falcon."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.biases import Bias, Temperature
from attnviz.core.positions import NoPosition, Position
from attnviz.core.scales import RootDim, Scale, Unscaled
from attnviz.sources.checkpoint.config import Config, raise_invalid
from attnviz.sources.families.attention_config import causal_mask
from attnviz.sources.families.bfloat16_alibi import Bfloat16Alibi
from attnviz.sources.families.decoders import GPT2_KEYS
from attnviz.sources.families.llama_like import LLAMA_STACK
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.rope_layers import (
    rotary_dim_rope,
)
from attnviz.sources.families.slots import Layer, Slots
from attnviz.sources.families.spec import Attention, Embedding, Family, FeedForward, Stack

GPTJ = Family(
    name="gptj",
    kind="decoder",
    paper="Wang & Komatsuzaki 2021",
    features="interleaved partial RoPE, parallel feed-forward",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(token=("wte",)),
            attention=Attention(
                query="attn.q_proj",
                key="attn.k_proj",
                value="attn.v_proj",
                output="attn.out_proj",
                bias=False,
                output_bias=False,
                before="ln_1",
                slots=Slots(position=rotary_dim_rope, mask=causal_mask),
            ),
            feed_forward=FeedForward(up="mlp.fc_in", down="mlp.fc_out", before="ln_1"),
            parallel=True,
            final="ln_f",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu_new",
        "n_position": 2048,
        "rotary_dim": 64,
        "tie_word_embeddings": False,
    },
    keys=GPT2_KEYS,
    lm_head=("lm_head",),
    lm_head_bias="lm_head.bias",
)

CODEGEN = replace(
    GPTJ,
    name="codegen",
    paper="2203.13474",
    features="interleaved partial RoPE, parallel feed-forward, projections in partitions",
    stacks={
        "decoder": replace(
            GPTJ.stacks["decoder"],
            attention=replace(
                GPTJ.stacks["decoder"].attention,
                fused="attn.qkv_proj",
                fused_by="partitions",
            ),
        )
    },
)


def phi_norms(stack: Stack, config: Config) -> Stack:
    """Norms of queries and keys, where the config has them."""
    if not config.get_bool("qk_layernorm"):
        return stack
    query_norm, key_norm = "self_attn.q_layernorm", "self_attn.k_layernorm"
    attention = replace(stack.attention, query_norm=query_norm, key_norm=key_norm)
    return replace(stack, attention=attention)


PHI = Family(
    name="phi",
    kind="decoder",
    paper="2306.11644",
    features="partial RoPE, parallel feed-forward",
    prefixes=("model.", ""),
    stacks={
        "decoder": Stack(
            layer="layers.{i}.",
            embedding=Embedding(token=("embed_tokens",)),
            attention=replace(
                LLAMA_STACK.attention, output="self_attn.dense", bias=True, output_bias=True
            ),
            feed_forward=FeedForward(up="mlp.fc1", down="mlp.fc2", before="input_layernorm"),
            parallel=True,
            final="final_layernorm",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu_new",
        "n_position": 2048,
        "rotary_share": 0.5,
        "tie_word_embeddings": False,
    },
    keys={
        "eps": ("layer_norm_eps",),
        "activation": ("hidden_act",),
        "base": ("rope_theta",),
        "rotary_share": ("partial_rotary_factor",),
    },
    lm_head=("lm_head",),
    lm_head_bias="lm_head.bias",
    adapt=phi_norms,
)


def falcon_position(layer: Layer) -> Position:
    """RoPE, unless the config has ALiBi."""
    return NoPosition() if layer.config.get_bool("alibi") else rope_position(layer)


def falcon_scale(layer: Layer) -> Scale:
    """1/√d; with ALiBi, scores are scaled after the bias."""
    return Unscaled() if layer.config.get_bool("alibi") else RootDim()


def falcon_bias(layer: Layer) -> tuple[Bias, ...]:
    """ALiBi of bfloat16 slopes, added to scores before they are divided by √d."""
    if not layer.config.get_bool("alibi"):
        return ()
    return (Bfloat16Alibi(), Temperature(temperature=layer.config.d_head**0.5))


def falcon_stack(stack: Stack, config: Config) -> Stack:
    """The layouts of Falcon: fused projection, and one or two norms for both branches."""
    attention, feed_forward = stack.attention, stack.feed_forward
    is_new, is_parallel = map(config.get_bool, ("new_decoder_architecture", "parallel_attn"))
    if is_new and not is_parallel:
        raise_invalid("parallel_attn", False, "true with new_decoder_architecture")
    if not is_new and not config.get_bool("multi_query"):
        n_head = config.get_int("n_head")
        if config.n_kv_head != n_head:
            raise_invalid("num_kv_heads", config.n_kv_head, f"num_attention_heads = {n_head}")
    n_norm = config.get_optional_int("num_ln_in_parallel_attn") or 2
    if is_new and n_norm == 2:
        attention = replace(attention, before="ln_attn")
        feed_forward = replace(feed_forward, before="ln_mlp")
    elif not is_parallel:
        feed_forward = replace(feed_forward, before="post_attention_layernorm")
    return replace(stack, attention=attention, feed_forward=feed_forward, parallel=is_parallel)


FALCON = Family(
    name="falcon",
    kind="decoder",
    paper="2311.16867",
    features="RoPE or ALiBi, multi-query or grouped queries, parallel feed-forward",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="h.{i}.",
            embedding=Embedding(token=("word_embeddings",)),
            attention=Attention(
                fused="self_attention.query_key_value",
                fused_by="groups",
                output="self_attention.dense",
                bias="bias",
                output_bias="bias",
                before="input_layernorm",
                slots=Slots(
                    position=falcon_position,
                    scale=falcon_scale,
                    bias=falcon_bias,
                    mask=causal_mask,
                ),
            ),
            feed_forward=FeedForward(
                up="mlp.dense_h_to_4h",
                down="mlp.dense_4h_to_h",
                bias="bias",
                before="input_layernorm",
            ),
            final="ln_f",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu",
        "n_position": 2048,
        "multi_query": True,
        "parallel_attn": True,
    },
    keys={
        "eps": ("layer_norm_epsilon",),
        "activation": ("activation",),
        "base": ("rope_theta",),
        "rotary_share": (),
        "n_kv_head": ("num_kv_heads",),
        "multi_query": ("multi_query",),
        "d_inner": ("ffn_hidden_size",),
    },
    allowed_values={"num_ln_in_parallel_attn": (1, 2)},
    lm_head=("lm_head",),
    adapt=falcon_stack,
)


FAMILIES = (GPTJ, CODEGEN, PHI, FALCON)
