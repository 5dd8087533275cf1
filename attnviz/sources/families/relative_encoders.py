"""Encoders with relative positions: MPNet, ModernBERT, DeBERTa-v2."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.families.attention_config import (
    bucket_bias,
    disentangled_scale,
    disentangled_score,
    symmetric_window_mask,
)
from attnviz.sources.families.encoders import BERT_KEYS, BERT_STACK
from attnviz.sources.families.output_heads import BERT_HEAD, MODERNBERT_HEAD, ROBERTA_HEAD
from attnviz.sources.families.rope_config import rope_position
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Norm,
    RelativeTables,
    Stack,
)

MPNET = Family(
    name="mpnet",
    kind="encoder",
    paper="2004.09297",
    features="relative position buckets",
    prefixes=("mpnet.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(BERT_STACK.embedding, segment="", offset="pad"),
            attention=Attention(
                query="attention.attn.q",
                key="attention.attn.k",
                value="attention.attn.v",
                output="attention.attn.o",
                end="attention.LayerNorm",
                slots=Slots(
                    bias=bucket_bias("both"),
                    params={"bucket_bias": "encoder.relative_attention_bias.weight"},
                ),
            ),
        )
    },
    defaults={
        "eps": 1e-12,
        "activation": "gelu",
        "pad_token_id": 1,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
    },
    keys={**BERT_KEYS, "pad_token_id": ()},  # positions begin after row 1 in any case
    allowed_values={
        "relative_attention_num_buckets": (32,),
        "relative_attention_max_distance": (128,),
    },
    masked_lm_head=ROBERTA_HEAD,
)

MODERNBERT = Family(
    name="modernbert",
    kind="encoder",
    paper="2412.13663",
    features="RoPE with two bases, windows in 2 of 3 layers",
    prefixes=("model.", ""),
    stacks={
        "encoder": Stack(
            layer="layers.{i}.",
            norm=Norm(bias="norm_bias"),
            embedding=Embedding(token=("embeddings.tok_embeddings",), norm="embeddings.norm"),
            attention=Attention(
                fused="attn.Wqkv",
                output="attn.Wo",
                bias="attention_bias",
                output_bias="attention_bias",
                before="attn_norm",
                before_from=1,
                slots=Slots(position=rope_position, mask=symmetric_window_mask),
            ),
            feed_forward=FeedForward(
                up="mlp.Wi", down="mlp.Wo", fused=True, bias="mlp_bias", before="mlp_norm"
            ),
            final="final_norm",
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu",
        "n_position": 8192,
        "window": 128,
        "global_attn_every_n_layers": 3,
        "full_attention_base": 160000.0,
        "sliding_attention_base": 10000.0,
        "classifier_activation": "gelu",
        "decoder_bias": True,
    },
    keys={
        "eps": ("norm_eps",),
        "activation": ("hidden_activation",),
        "window": ("local_attention",),
        "half_window": ("sliding_window",),
        "base": (),
        "full_attention_base": ("global_rope_theta",),
        "sliding_attention_base": ("local_rope_theta",),
        "rotary_share": (),
    },
    masked_lm_head=MODERNBERT_HEAD,
)

DEBERTA_V2 = Family(
    name="deberta-v2",
    kind="encoder",
    paper="2006.03654, 2111.09543",
    features="disentangled attention",
    prefixes=("deberta.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(
                BERT_STACK.embedding,
                position_if="position_biased_input",
                project="embeddings.embed_proj",
                project_bias=False,
                project_at="sum",
            ),
            convolution="encoder.conv",
            attention=replace(
                BERT_STACK.attention,
                query="attention.self.query_proj",
                key="attention.self.key_proj",
                value="attention.self.value_proj",
                relative_tables=RelativeTables(
                    table="encoder.rel_embeddings.weight",
                    norm="encoder.LayerNorm",
                    key="attention.self.pos_key_proj",
                    query="attention.self.pos_query_proj",
                    shared="share_att_key",
                ),
                slots=Slots(score=disentangled_score, scale=disentangled_scale),
            ),
        )
    },
    defaults={
        "eps": 1e-7,
        "activation": "gelu",
        "n_segment": 0,
        "n_position": 512,
        "position_biased_input": True,
        "max_relative_positions": -1,
        "position_buckets": -1,
        "relative_attention": False,
        "conv_kernel_size": 0,
        "conv_groups": 1,
        "conv_act": "tanh",
    },
    keys=BERT_KEYS,
    allowed_values={
        "relative_attention": (True,),
        "norm_rel_ebd": ("none", "layer_norm"),
    },
    masked_lm_head=BERT_HEAD,
)

DEBERTA = replace(
    DEBERTA_V2,
    name="deberta",
    paper="2006.03654",
    stacks={
        "encoder": replace(
            DEBERTA_V2.stacks["encoder"],
            attention=replace(
                DEBERTA_V2.stacks["encoder"].attention,
                fused="attention.self.in_proj",
                fused_by="groups",
                bias=False,
                part_biases=("attention.self.q_bias", "", "attention.self.v_bias"),
                relative_tables=RelativeTables(
                    table="encoder.rel_embeddings.weight",
                    key="attention.self.pos_proj",
                    key_bias=False,
                    query="attention.self.pos_q_proj",
                ),
            ),
        )
    },
    keys={**BERT_KEYS, "position_buckets": (), "norm_rel_ebd": (), "conv_kernel_size": ()},
    allowed_values={"relative_attention": (True,), "talking_head": (False,), "legacy": (True,)},
)

FAMILIES = (MPNET, MODERNBERT, DEBERTA, DEBERTA_V2)
