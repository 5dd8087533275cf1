"""GGUF architectures of decoders before Llama."""

from __future__ import annotations

from types import MappingProxyType

from attnviz.sources.checkpoint.gguf.architecture import (
    SIZES,
    Architecture,
    join_heads,
    transpose,
)

GPT2_LINEAR = MappingProxyType(
    {
        "blk.{i}.attn_qkv": "h.{i}.attn.c_attn",
        "blk.{i}.attn_output": "h.{i}.attn.c_proj",
        "blk.{i}.ffn_up": "h.{i}.mlp.c_fc",
        "blk.{i}.ffn_down": "h.{i}.mlp.c_proj",
    }
)
GPT2 = Architecture(
    name="gpt2",
    family="gpt2",
    settings={**SIZES, "attention.layer_norm_epsilon": "layer_norm_epsilon"},
    tensors={
        "token_embd": "wte",
        "position_embd": "wpe",
        "output_norm": "ln_f",
        "output": "lm_head",
        "blk.{i}.attn_norm": "h.{i}.ln_1",
        "blk.{i}.ffn_norm": "h.{i}.ln_2",
        **GPT2_LINEAR,
    },
    changes=dict.fromkeys(GPT2_LINEAR, transpose),
)
GPT_NEOX = Architecture(
    name="gptneox",
    family="gpt_neox",
    settings={
        **SIZES,
        "attention.layer_norm_epsilon": "layer_norm_eps",
        "rope.freq_base": "rope_theta",
        "use_parallel_residual": "use_parallel_residual",
    },
    tensors={
        "token_embd": "embed_in",
        "output_norm": "final_layer_norm",
        "output": "embed_out",
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
        "blk.{i}.attn_qkv": "layers.{i}.attention.query_key_value",
        "blk.{i}.attn_output": "layers.{i}.attention.dense",
        "blk.{i}.ffn_norm": "layers.{i}.post_attention_layernorm",
        "blk.{i}.ffn_up": "layers.{i}.mlp.dense_h_to_4h",
        "blk.{i}.ffn_down": "layers.{i}.mlp.dense_4h_to_h",
    },
    values={"attention_bias": False},
    values_with={"blk.0.attn_qkv.bias": {"attention_bias": True}},
    changes={"blk.{i}.attn_qkv": join_heads},
    has_partial_rotary=True,
)
BLOOM = Architecture(
    name="bloom",
    family="bloom",
    settings={**SIZES, "attention.layer_norm_epsilon": "layer_norm_epsilon"},
    tensors={
        "token_embd": "word_embeddings",
        "token_embd_norm": "word_embeddings_layernorm",
        "output_norm": "ln_f",
        "output": "lm_head",
        "blk.{i}.attn_norm": "h.{i}.input_layernorm",
        "blk.{i}.attn_qkv": "h.{i}.self_attention.query_key_value",
        "blk.{i}.attn_output": "h.{i}.self_attention.dense",
        "blk.{i}.ffn_norm": "h.{i}.post_attention_layernorm",
        "blk.{i}.ffn_up": "h.{i}.mlp.dense_h_to_4h",
        "blk.{i}.ffn_down": "h.{i}.mlp.dense_4h_to_h",
    },
    changes={"blk.{i}.attn_qkv": join_heads},
)

ROWS = (GPT2, GPT_NEOX, BLOOM)
