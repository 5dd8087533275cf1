"""Encoder-decoders: a text is read, and another is written while looking back at it."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import buckets, causal, unscaled
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Norm,
    Slots,
    Stack,
)


def t5_stack(side: str) -> Stack:
    """Half a T5; its layers are numbered parts: attention, cross attention, feed-forward."""

    def attention(part: int, name: str, slots: Slots) -> Attention:
        return Attention(
            query=f"layer.{part}.{name}.q",
            key=f"layer.{part}.{name}.k",
            value=f"layer.{part}.{name}.v",
            output=f"layer.{part}.{name}.o",
            bias=False,
            output_bias=False,
            before=f"layer.{part}.layer_norm",
            slots=slots,
        )

    writes = side == "decoder"
    table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    priced = Slots(
        scale=unscaled,
        bias=buckets("past" if writes else "both"),
        learned={"bucket_bias": table},
    )
    last = 2 if writes else 1
    return Stack(
        layer=f"{side}.block.{{i}}.",
        norm=Norm(kind="rms"),
        embedding=Embedding(word=(f"{side}.embed_tokens", "shared")),
        attention=attention(
            0, "SelfAttention", replace(priced, mask=causal) if writes else priced
        ),
        cross=attention(1, "EncDecAttention", Slots(scale=unscaled)) if writes else None,
        feed_forward=FeedForward(
            up=f"layer.{last}.DenseReluDense.wi",
            down=f"layer.{last}.DenseReluDense.wo",
            bias=False,
            before=f"layer.{last}.layer_norm",
            means={
                "gated-gelu": "gelu_new",
                "gated-relu": "relu",
                "gated-silu": "silu",
                "gated-swish": "silu",
            },
        ),
        final=f"{side}.final_layer_norm",
    )


def gated(stack: Stack, config: Config) -> Stack:
    """T5 1.1 and mT5 have a gate: the config's activation says so."""
    if not config.word("activation").startswith("gated-"):
        return stack
    up = stack.feed_forward.up
    return replace(stack, feed_forward=replace(stack.feed_forward, gate=f"{up}_0", up=f"{up}_1"))


T5 = Family(
    name="t5",
    kind="encoder-decoder",
    paper="1910.10683",
    stacks={side: t5_stack(side) for side in ("encoder", "decoder")},
    defaults={
        "eps": 1e-6,
        "activation": "relu",
        "d_head": 64,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "decoder_start_token_id": 0,
    },
    head=("lm_head",),
    adapt=gated,
)
MT5 = replace(
    T5, name="mt5", paper="2010.11934", defaults={**T5.defaults, "activation": "gated-gelu"}
)


def bart_stack(side: str) -> Stack:
    """Half a BART, each part normalized afterwards."""

    def attention(name: str, slots: Slots) -> Attention:
        return Attention(
            query=f"{name}.q_proj",
            key=f"{name}.k_proj",
            value=f"{name}.v_proj",
            output=f"{name}.out_proj",
            end=f"{name}_layer_norm",
            slots=slots,
        )

    writes = side == "decoder"
    return Stack(
        layer=f"{side}.layers.{{i}}.",
        embedding=Embedding(
            word=(f"{side}.embed_tokens", "shared"),
            position=f"{side}.embed_positions",
            offset=2,
            norm=f"{side}.layernorm_embedding",
            scale="scale_embedding",
        ),
        attention=attention("self_attn", Slots(mask=causal) if writes else Slots()),
        cross=attention("encoder_attn", Slots()) if writes else None,
        feed_forward=FeedForward(up="fc1", down="fc2", end="final_layer_norm"),
    )


def norms_before(side: str) -> Stack:
    """The same, each part normalized beforehand and all at the end."""
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
    prefixes=("model.", ""),
    stacks={side: bart_stack(side) for side in ("encoder", "decoder")},
    defaults={
        "eps": 1e-5,
        "activation": "gelu",
        "n_position": 1024,
        "pad_token_id": 1,
        "decoder_start_token_id": 2,
    },
    head=("lm_head",),
    head_bias="final_logits_bias",
)
MBART = replace(
    BART,
    name="mbart",
    paper="2001.08210",
    stacks={side: norms_before(side) for side in ("encoder", "decoder")},
)


def waves(stack: Stack, embedding: Embedding) -> Stack:
    """The same stack with sines and cosines for positions, and no norm on what it reads."""
    return replace(stack, embedding=replace(embedding, word=stack.embedding.word))


HALVES = Embedding(word=(), scale="scale_embedding", sinusoids="halves")
FAIRSEQ = Embedding(word=(), scale="scale_embedding", sinusoids="fairseq", offset="pad")
MARIAN = replace(
    BART,
    name="marian",
    paper="1804.00344",
    stacks={side: waves(bart_stack(side), HALVES) for side in ("encoder", "decoder")},
    defaults={**BART.defaults, "pad_token_id": 58100, "decoder_start_token_id": 58100},
)
M2M_100 = replace(
    BART,
    name="m2m_100",
    paper="2010.11125",
    stacks={side: waves(norms_before(side), FAIRSEQ) for side in ("encoder", "decoder")},
    defaults={**BART.defaults, "activation": "relu", "scale_embedding": True},
    head_bias="",
)

ROWS = (T5, MT5, BART, MBART, MARIAN, M2M_100)
