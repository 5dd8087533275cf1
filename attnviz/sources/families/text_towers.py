"""Text towers of models of pictures and text: CLIP, SigLIP."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.attention_config import causal_mask
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Attention, Embedding, Family, FeedForward, Stack

CLIP_STACK = Stack(
    layer="encoder.layers.{i}.",
    embedding=Embedding(
        token=("embeddings.token_embedding",), position="embeddings.position_embedding"
    ),
    attention=Attention(
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        output="self_attn.out_proj",
        before="layer_norm1",
        slots=Slots(mask=causal_mask),
    ),
    feed_forward=FeedForward(up="mlp.fc1", down="mlp.fc2", before="layer_norm2"),
    final="final_layer_norm",
)
CLIP_TEXT = Family(
    name="clip_text_model",
    kind="encoder",
    paper="2103.00020",
    features="causal, learned positions, norm before",
    prefixes=("text_model.", ""),
    stacks={"encoder": CLIP_STACK},
    defaults={"eps": 1e-5, "activation": "quick_gelu", "n_position": 77},
    keys={"eps": ("layer_norm_eps",), "activation": ("hidden_act",)},
)
SIGLIP = replace(
    CLIP_TEXT,
    name="siglip",
    paper="2303.15343",
    features="learned positions, norm before",
    stacks={
        "encoder": replace(CLIP_STACK, attention=replace(CLIP_STACK.attention, slots=Slots()))
    },
    defaults={"eps": 1e-6, "activation": "gelu_pytorch_tanh", "n_position": 64},
    text_config="text_config",
)

FAMILIES = (
    CLIP_TEXT,
    replace(CLIP_TEXT, name="clip", text_config="text_config"),
    SIGLIP,
)
