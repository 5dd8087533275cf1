"""Encoders with learned position embeddings: BERT and its successors."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import relative_key_score
from attnviz.sources.families.output_heads import (
    ALBERT_HEAD,
    BERT_HEAD,
    DISTILBERT_HEAD,
    ELECTRA_HEAD,
    ROBERTA_HEAD,
)
from attnviz.sources.families.slots import Slots
from attnviz.sources.families.spec import Attention, Embedding, Family, FeedForward, Stack

BERT_STACK = Stack(
    layer="encoder.layer.{i}.",
    embedding=Embedding(
        token=("embeddings.word_embeddings",),
        position="embeddings.position_embeddings",
        segment="embeddings.token_type_embeddings",
        norm="embeddings.LayerNorm",
    ),
    attention=Attention(
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        output="attention.output.dense",
        end="attention.output.LayerNorm",
    ),
    feed_forward=FeedForward(up="intermediate.dense", down="output.dense", end="output.LayerNorm"),
)


def relative_keys(stack: Stack, config: Config) -> Stack:
    """BERT without position embeddings, and with relative keys, where the config has them."""
    if config.get("position_embedding_type") != "relative_key":
        return stack
    tables = {"a_relative": "attention.self.distance_embedding"}
    slots = Slots(score=relative_key_score, distance_tables=tables)
    return replace(
        stack,
        embedding=replace(stack.embedding, position=""),
        attention=replace(stack.attention, slots=slots),
    )


BERT_KEYS = {"eps": ("layer_norm_eps",), "activation": ("hidden_act",)}
BERT = Family(
    name="bert",
    kind="encoder",
    paper="1810.04805",
    features="learned positions, segments",
    prefixes=("bert.", ""),
    stacks={"encoder": BERT_STACK},
    defaults={"eps": 1e-12, "activation": "gelu", "n_segment": 2},
    keys=BERT_KEYS,
    allowed_values={
        "is_decoder": (False,),
        "add_cross_attention": (False,),
        "position_embedding_type": ("absolute", "relative_key"),
    },
    adapt=relative_keys,
    masked_lm_head=BERT_HEAD,
)

ROBERTA = replace(
    BERT,
    name="roberta",
    paper="1907.11692",
    features="learned positions",
    prefixes=("roberta.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(BERT_STACK.embedding, offset="pad", separate_segments=False),
        )
    },
    defaults={**BERT.defaults, "pad_token_id": 1},
    masked_lm_head=ROBERTA_HEAD,
)

DISTILBERT = Family(
    name="distilbert",
    kind="encoder",
    paper="1910.01108",
    features="learned positions",
    prefixes=("distilbert.", ""),
    stacks={
        "encoder": Stack(
            layer="transformer.layer.{i}.",
            embedding=replace(BERT_STACK.embedding, segment=""),
            attention=Attention(
                query="attention.q_lin",
                key="attention.k_lin",
                value="attention.v_lin",
                output="attention.out_lin",
                end="sa_layer_norm",
            ),
            feed_forward=FeedForward(up="ffn.lin1", down="ffn.lin2", end="output_layer_norm"),
        )
    },
    defaults={"eps": 1e-12, "activation": "gelu"},
    keys={"eps": (), "activation": ("activation",)},
    masked_lm_head=DISTILBERT_HEAD,
)

ELECTRA = replace(
    BERT,
    name="electra",
    paper="2003.10555",
    features="learned positions, segments",
    prefixes=("electra.", ""),
    stacks={
        "encoder": replace(
            BERT_STACK,
            embedding=replace(BERT_STACK.embedding, project="embeddings_project"),
        )
    },
    masked_lm_head=ELECTRA_HEAD,
)

ALBERT = Family(
    name="albert",
    kind="encoder",
    paper="1909.11942",
    features="layers share their weights",
    prefixes=("albert.", ""),
    stacks={
        "encoder": Stack(
            layer="encoder.albert_layer_groups.{group}.albert_layers.{inner}.",
            embedding=replace(
                BERT_STACK.embedding,
                project="encoder.embedding_hidden_mapping_in",
                project_always=True,
            ),
            attention=Attention(
                query="attention.query",
                key="attention.key",
                value="attention.value",
                output="attention.dense",
                end="attention.LayerNorm",
            ),
            feed_forward=FeedForward(up="ffn", down="ffn_output", end="full_layer_layer_norm"),
        )
    },
    defaults={
        "eps": 1e-12,
        "activation": "gelu_new",
        "n_segment": 2,
        "d_embedding": 128,
        "num_hidden_groups": 1,
        "inner_group_num": 1,
    },
    keys=BERT_KEYS,
    allowed_values={"position_embedding_type": ("absolute",)},
    masked_lm_head=ALBERT_HEAD,
)


def xlm_activation(stack: Stack, config: Config) -> Stack:
    """GELU, or ReLU by the config."""
    if config.get_bool("gelu_activation"):
        return stack
    return replace(stack, feed_forward=replace(stack.feed_forward, activation="relu"))


XLM = Family(
    name="xlm",
    kind="encoder",
    paper="1901.07291",
    features="learned positions, no embedding of the language",
    prefixes=("transformer.", ""),
    stacks={
        "encoder": Stack(
            layer="attentions.{i}.",
            embedding=Embedding(
                token=("embeddings",), position="position_embeddings", norm="layer_norm_emb"
            ),
            attention=Attention(
                query="q_lin",
                key="k_lin",
                value="v_lin",
                output="out_lin",
                end="/layer_norm1.{i}",
            ),
            feed_forward=FeedForward(
                up="/ffns.{i}.lin1", down="/ffns.{i}.lin2", end="/layer_norm2.{i}"
            ),
        )
    },
    defaults={"eps": 1e-12, "activation": "gelu", "gelu_activation": True},
    keys={
        "eps": ("layer_norm_eps",),
        "activation": (),
        "d_model": ("emb_dim",),
        "d_inner": (),
    },
    allowed_values={"asm": (False,), "causal": (False,), "is_encoder": (True,)},
    lm_head=("pred_layer.proj",),
    lm_head_bias="pred_layer.proj.bias",
    adapt=xlm_activation,
)
FAMILIES = (
    BERT,
    ROBERTA,
    replace(ROBERTA, name="xlm-roberta", paper="1911.02116"),
    replace(ROBERTA, name="camembert", paper="1911.03894"),
    DISTILBERT,
    ELECTRA,
    ALBERT,
    XLM,
)
