"""Encoder-decoders: T5, BART and their successors."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import bucket_bias, causal_mask, no_scale
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Norm,
    Stack,
    no_scaling,
)


def t5_stack(side: str) -> Stack:
    """Encoder or decoder of T5, whose sublayers are numbered: self, cross, feed-forward."""

    def attention(sublayer: int, name: str, slots: Slots) -> Attention:
        return Attention(
            query=f"layer.{sublayer}.{name}.q",
            key=f"layer.{sublayer}.{name}.k",
            value=f"layer.{sublayer}.{name}.v",
            output=f"layer.{sublayer}.{name}.o",
            bias=False,
            output_bias=False,
            before=f"layer.{sublayer}.layer_norm",
            slots=slots,
        )

    is_decoder = side == "decoder"
    table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    self_slots = Slots(
        scale=no_scale,
        bias=bucket_bias("past" if is_decoder else "both"),
        params={"bucket_bias": table},
    )
    last = 2 if is_decoder else 1
    return Stack(
        layer=f"{side}.block.{{i}}.",
        norm=Norm(kind="rms"),
        embedding=Embedding(token=(f"{side}.embed_tokens", "shared")),
        attention=attention(
            0, "SelfAttention", replace(self_slots, mask=causal_mask) if is_decoder else self_slots
        ),
        cross=attention(1, "EncDecAttention", Slots(scale=no_scale)) if is_decoder else None,
        feed_forward=FeedForward(
            up=f"layer.{last}.DenseReluDense.wi",
            down=f"layer.{last}.DenseReluDense.wo",
            bias=False,
            before=f"layer.{last}.layer_norm",
            activation_aliases={
                "gated-gelu": "gelu_new",
                "gated-relu": "relu",
                "gated-silu": "silu",
                "gated-swish": "silu",
            },
        ),
        final=f"{side}.final_layer_norm",
    )


def has_gate(config: Config) -> bool:
    """Whether the feed-forward layer is gated, by its own key or by the activation's name."""
    if config.values.get("is_gated_act") is None and config.get("feed_forward_proj") is not None:
        return config.get_str("feed_forward_proj").startswith("gated-")
    return config.get_bool("is_gated_act")


def add_gate(stack: Stack, config: Config) -> Stack:
    """T5 1.1 and mT5 have a gated feed-forward layer, by the activation of the config."""
    if not has_gate(config):
        return stack
    up = stack.feed_forward.up
    return replace(stack, feed_forward=replace(stack.feed_forward, gate=f"{up}_0", up=f"{up}_1"))


def t5_logit_scale(config: Config) -> float:
    """1/√d_model for T5 with tied embeddings; T5 1.1 states that its own are not tied."""
    is_tied = config.get_bool("tie_word_embeddings", default=True)
    is_scaled = config.get_bool("scale_decoder_outputs", default=is_tied)
    return 1 / sqrt(config.get_int("d_model")) if is_scaled else 1.0


T5 = Family(
    name="t5",
    kind="encoder-decoder",
    paper="1910.10683",
    features="relative position buckets, no scale",
    stacks={side: t5_stack(side) for side in ("encoder", "decoder")},
    defaults={
        "eps": 1e-6,
        "activation": "relu",
        "is_gated_act": False,
        "d_head": 64,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "decoder_start_token_id": 0,
    },
    keys={
        "eps": ("layer_norm_epsilon",),
        "activation": ("dense_act_fn", "feed_forward_proj"),
        "n_position": (),  # relative positions have no limit
    },
    lm_head=("lm_head",),
    logit_scale=t5_logit_scale,
    adapt=add_gate,
)
MT5 = replace(
    T5,
    name="mt5",
    paper="2010.11934",
    features="relative position buckets, no scale",
    defaults={**T5.defaults, "activation": "gelu_new", "is_gated_act": True},
    logit_scale=no_scaling,
)


def bart_stack(side: str) -> Stack:
    """Encoder or decoder of BART, with layer norm after each sublayer (post-norm)."""

    def attention(name: str, slots: Slots) -> Attention:
        return Attention(
            query=f"{name}.q_proj",
            key=f"{name}.k_proj",
            value=f"{name}.v_proj",
            output=f"{name}.out_proj",
            end=f"{name}_layer_norm",
            slots=slots,
        )

    is_decoder = side == "decoder"
    return Stack(
        layer=f"{side}.layers.{{i}}.",
        embedding=Embedding(
            token=(f"{side}.embed_tokens", "shared"),
            position=f"{side}.embed_positions",
            offset=2,
            norm=f"{side}.layernorm_embedding",
            scale="scale_embedding",
        ),
        attention=attention("self_attn", Slots(mask=causal_mask) if is_decoder else Slots()),
        cross=attention("encoder_attn", Slots()) if is_decoder else None,
        feed_forward=FeedForward(up="fc1", down="fc2", end="final_layer_norm"),
    )


def pre_norm_bart_stack(side: str) -> Stack:
    """The same with layer norm before each sublayer and at the end (pre-norm)."""
    stack = bart_stack(side)
    attention, cross, feed_forward = stack.attention, stack.cross, stack.feed_forward
    return replace(
        stack,
        attention=replace(attention, before=attention.end, end=""),
        cross=None if cross is None else replace(cross, before=cross.end, end=""),
        feed_forward=replace(feed_forward, before=feed_forward.end, end=""),
        final=f"{side}.layer_norm",
    )


BART = Family(
    name="bart",
    kind="encoder-decoder",
    paper="1910.13461",
    features="learned positions",
    prefixes=("model.", ""),
    stacks={side: bart_stack(side) for side in ("encoder", "decoder")},
    defaults={
        "eps": 1e-5,
        "activation": "gelu",
        "n_position": 1024,
        "pad_token_id": 1,
        "decoder_start_token_id": 2,
    },
    keys={"eps": (), "activation": ("activation_function",)},
    lm_head=("lm_head",),
    lm_head_bias="final_logits_bias",
)
MBART = replace(
    BART,
    name="mbart",
    paper="2001.08210",
    features="learned positions, norm before",
    stacks={side: pre_norm_bart_stack(side) for side in ("encoder", "decoder")},
)


def with_sinusoids(stack: Stack, embedding: Embedding) -> Stack:
    """The same stack with sinusoidal positions, and no layer norm of the embeddings."""
    return replace(stack, embedding=replace(embedding, token=stack.embedding.token))


MARIAN_EMBEDDING = Embedding(token=(), scale="scale_embedding", sinusoids="halves")
M2M_EMBEDDING = Embedding(token=(), scale="scale_embedding", sinusoids="fairseq", offset="pad")
MARIAN = replace(
    BART,
    name="marian",
    paper="1804.00344",
    features="sinusoidal positions",
    stacks={
        side: with_sinusoids(bart_stack(side), MARIAN_EMBEDDING) for side in ("encoder", "decoder")
    },
    defaults={**BART.defaults, "pad_token_id": 58100, "decoder_start_token_id": 58100},
)
M2M_100 = replace(
    BART,
    name="m2m_100",
    paper="2010.11125",
    features="sinusoidal positions, norm before",
    stacks={
        side: with_sinusoids(pre_norm_bart_stack(side), M2M_EMBEDDING)
        for side in ("encoder", "decoder")
    },
    defaults={**BART.defaults, "activation": "relu", "scale_embedding": True},
    lm_head_bias="",
)

FAMILIES = (T5, MT5, BART, MBART, MARIAN, M2M_100)
