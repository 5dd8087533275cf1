"""Decoders close to GPT-2: GPT-1, GPTBigCode, MPT, BioGPT, XGLM."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.biases import Alibi, Bias
from attnviz.core.scales import Factor, RootDim, Scale
from attnviz.sources.checkpoint.config import raise_invalid
from attnviz.sources.families.attention_config import causal_mask, gpt2_scale
from attnviz.sources.families.decoders import GPT2, OPT
from attnviz.sources.families.slots import Layer, Slots
from attnviz.sources.families.spec import (
    Attention,
    Embedding,
    Family,
    FeedForward,
    Norm,
    Stack,
    keep_spec,
)

OPENAI_GPT = replace(
    GPT2,
    name="openai-gpt",
    paper="Radford et al. 2018",
    features="learned positions, norm after",
    stacks={
        "decoder": replace(
            GPT2.stacks["decoder"],
            embedding=Embedding(token=("tokens_embed",), position="positions_embed"),
            attention=Attention(
                fused="attn.c_attn",
                output="attn.c_proj",
                end="ln_1",
                slots=Slots(mask=causal_mask),
            ),
            feed_forward=FeedForward(
                up="mlp.c_fc",
                down="mlp.c_proj",
                end="ln_2",
                activation_aliases={"gelu": "gelu_new"},
            ),
            final="",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu"},
    keys={"eps": ("layer_norm_epsilon",), "activation": ("afn",), "d_inner": ()},
    allowed_values={"afn": ("relu", "silu", "gelu", "swish"), "is_causal": (True,)},
)

GPT_BIGCODE = replace(
    GPT2,
    name="gpt_bigcode",
    paper="2301.03988",
    features="learned positions, multi-query attention",
    stacks={
        "decoder": replace(
            GPT2.stacks["decoder"],
            in_first=False,
            attention=replace(
                GPT2.stacks["decoder"].attention,
                fused_by="groups",
                slots=Slots(mask=causal_mask, scale=gpt2_scale),
            ),
        )
    },
    defaults={
        "eps": 1e-5,
        "activation": "gelu_pytorch_tanh",
        "scale_attn_weights": True,
        "multi_query": True,
    },
    keys={**GPT2.keys, "multi_query": ("multi_query",), "n_kv_head": ()},
)


def mpt_bias(layer: Layer) -> tuple[Bias, ...]:
    """ALiBi, whose slopes are those of its paper where the number of heads is a power of two."""
    n_head = layer.config.get_int("n_head")
    if n_head & (n_head - 1):
        raise_invalid(layer.config.find("n_head")[0], n_head, "a power of two")
    return (Alibi(),)


def mpt_scale(layer: Layer) -> Scale:
    """1/√d, or the scale of the config."""
    scale = layer.config.get_optional_float("attn_config.softmax_scale")
    return RootDim() if scale is None else Factor(scale=scale)


MPT = Family(
    name="mpt",
    kind="decoder",
    paper="MosaicML 2023",
    features="ALiBi, norms and projections without bias",
    prefixes=("transformer.", ""),
    stacks={
        "decoder": Stack(
            layer="blocks.{i}.",
            norm=Norm(bias=False),
            embedding=Embedding(token=("wte",)),
            attention=Attention(
                fused="attn.Wqkv",
                output="attn.out_proj",
                bias=False,
                output_bias=False,
                before="norm_1",
                clip="attn_config.clip_qkv",
                slots=Slots(bias=mpt_bias, scale=mpt_scale, mask=causal_mask),
            ),
            feed_forward=FeedForward(
                up="ffn.up_proj", down="ffn.down_proj", bias=False, before="norm_2"
            ),
            final="norm_f",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu", "n_position": 2048},
    keys={
        "eps": ("layer_norm_epsilon",),
        "activation": (),
        "d_inner": (),
        "n_position": ("max_seq_len",),
    },
    allowed_values={
        "attn_config.alibi": (True,),
        "attn_config.alibi_bias_max": (8,),
        "attn_config.attn_type": ("multihead_attention",),
        "attn_config.prefix_lm": (False,),
        "attn_config.qk_ln": (False,),
        "expansion_ratio": (4,),
        "logit_scale": (None,),
        "no_bias": (True,),
        "is_causal": (True,),
    },
    lm_head=("lm_head",),
)

BIOGPT = replace(
    OPT,
    name="biogpt",
    paper="Luo et al. 2022, 10.1093/bib/bbac409",
    features="learned positions",
    prefixes=("biogpt.", ""),
    stacks={
        "decoder": replace(
            OPT.stacks["decoder"],
            norm=Norm(),
            embedding=Embedding(
                token=("embed_tokens",),
                position="embed_positions",
                offset=2,
                scale="scale_embedding",
            ),
            attention=replace(OPT.stacks["decoder"].attention, bias=True, output_bias=True),
            feed_forward=replace(OPT.stacks["decoder"].feed_forward, bias=True),
            final="layer_norm",
            final_project="",
        )
    },
    defaults={"eps": 1e-5, "activation": "gelu", "n_position": 1024, "scale_embedding": True},
    keys={"eps": (), "activation": ("hidden_act",)},
    allowed_values={},
    lm_head=("output_projection",),
    adapt=keep_spec,
)

XGLM = replace(
    BIOGPT,
    name="xglm",
    paper="2112.10668",
    features="sinusoidal positions",
    prefixes=("model.", ""),
    stacks={
        "decoder": replace(
            BIOGPT.stacks["decoder"],
            embedding=Embedding(
                token=("embed_tokens",), sinusoids="fairseq", offset=2, scale="scale_embedding"
            ),
        )
    },
    defaults={**BIOGPT.defaults, "n_position": 2048},
    keys={
        "eps": (),
        "activation": ("activation_function",),
        "n_head": ("attention_heads",),
    },
    allowed_values={"add_cross_attention": (False,)},
    lm_head=("lm_head",),
)

FAMILIES = (OPENAI_GPT, GPT_BIGCODE, MPT, BIOGPT, XGLM)
