"""Encoder-decoders close to BART and T5: Pegasus, Blenderbot, PLBART, LED, UMT5."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.encoder_decoders import (
    BART,
    MARIAN_EMBEDDING,
    MBART,
    MT5,
    bart_stack,
    pre_norm_bart_stack,
    t5_logit_scale,
    t5_stack,
    with_sinusoids,
)
from attnviz.sources.families.long_text_encoders import longformer_mask
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Attention, Stack

SIDES = ("encoder", "decoder")
PEGASUS = replace(
    BART,
    name="pegasus",
    paper="1912.08777",
    features="sinusoidal positions, norm before",
    stacks={side: with_sinusoids(pre_norm_bart_stack(side), MARIAN_EMBEDDING) for side in SIDES},
    defaults={**BART.defaults, "pad_token_id": 0, "decoder_start_token_id": 0},
)


def blenderbot_stack(side: str) -> Stack:
    """Encoder or decoder of Blenderbot: no layer norm of the embeddings, no reserved positions."""
    stack = pre_norm_bart_stack(side)
    return replace(stack, embedding=replace(stack.embedding, offset=0, norm=""))


BLENDERBOT = replace(
    MBART,
    name="blenderbot",
    paper="2004.13637",
    stacks={side: blenderbot_stack(side) for side in SIDES},
    defaults={
        **BART.defaults,
        "n_position": 128,
        "pad_token_id": 0,
        "decoder_start_token_id": 1,
    },
)

PLBART = replace(
    BART, name="plbart", paper="2103.06333", defaults={**BART.defaults, "scale_embedding": True}
)


def led_stack(side: str) -> Stack:
    """Encoder of LED, with windows, or its decoder, which is that of BART."""
    stack = bart_stack(side)
    attention = stack.attention
    if side == "encoder":
        attention = Attention(
            query="self_attn.longformer_self_attn.query",
            key="self_attn.longformer_self_attn.key",
            value="self_attn.longformer_self_attn.value",
            output="self_attn.output",
            end=attention.end,
            slots=Slots(mask=longformer_mask),
        )
    embedding = replace(stack.embedding, offset=0, scale=False)
    return replace(stack, embedding=embedding, attention=attention)


LED = replace(
    BART,
    name="led",
    paper="2004.05150",
    features="learned positions, windows in the encoder, no global tokens",
    prefixes=("led.", ""),
    stacks={side: led_stack(side) for side in SIDES},
    defaults={
        **{key: value for key, value in BART.defaults.items() if key != "n_position"},
        "attention_window": 512,
    },
)


def umt5_stack(side: str) -> Stack:
    """Encoder or decoder of UMT5: every layer has a table of relative position biases."""
    stack = t5_stack(side)
    slots = stack.attention.slots
    params = {name: table.replace("block.0", "block.{i}") for name, table in slots.params.items()}
    attention = replace(stack.attention, slots=replace(slots, params=params))
    return replace(stack, attention=attention)


UMT5 = replace(
    MT5,
    name="umt5",
    paper="2304.09151",
    features="relative position buckets in each layer, no scale",
    stacks={side: umt5_stack(side) for side in SIDES},
    logit_scale=t5_logit_scale,
)

FAMILIES = (PEGASUS, BLENDERBOT, PLBART, LED, UMT5)
