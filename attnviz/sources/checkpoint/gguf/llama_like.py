"""GGUF architectures of decoders since Llama."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from attnviz.sources.checkpoint.gguf.architecture import (
    SIZES,
    Architecture,
    Values,
    subtract_one,
    unrotate_keys,
    unrotate_queries,
)

RMS_ROPE = MappingProxyType(
    {
        **SIZES,
        "attention.layer_norm_rms_epsilon": "rms_norm_eps",
        "attention.key_length": "head_dim",
        "rope.freq_base": "rope_theta",
    }
)
TABLES = MappingProxyType(
    {"token_embd": "embed_tokens", "output_norm": "norm", "output": "lm_head"}
)
PROJECTIONS = MappingProxyType(
    {
        "blk.{i}.attn_q": "layers.{i}.self_attn.q_proj",
        "blk.{i}.attn_k": "layers.{i}.self_attn.k_proj",
        "blk.{i}.attn_v": "layers.{i}.self_attn.v_proj",
        "blk.{i}.attn_output": "layers.{i}.self_attn.o_proj",
        "blk.{i}.ffn_gate": "layers.{i}.mlp.gate_proj",
        "blk.{i}.ffn_up": "layers.{i}.mlp.up_proj",
        "blk.{i}.ffn_down": "layers.{i}.mlp.down_proj",
    }
)
NORMS = MappingProxyType(
    {
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
        "blk.{i}.ffn_norm": "layers.{i}.post_attention_layernorm",
    }
)
HEAD_NORMS = MappingProxyType(
    {
        "blk.{i}.attn_q_norm": "layers.{i}.self_attn.q_norm",
        "blk.{i}.attn_k_norm": "layers.{i}.self_attn.k_norm",
    }
)
NORMS_AFTER = MappingProxyType(
    {
        "blk.{i}.post_attention_norm": "layers.{i}.post_attention_layernorm",
        "blk.{i}.post_ffw_norm": "layers.{i}.post_feedforward_layernorm",
    }
)

LLAMA = Architecture(  # and Mistral, whose window the files do not state
    name="llama",
    family="llama",
    settings=RMS_ROPE,
    tensors={**TABLES, **PROJECTIONS, **NORMS},
    values_with={
        "blk.0.attn_q.bias": {"attention_bias": True},
        "blk.0.ffn_up.bias": {"mlp_bias": True},
    },
    changes={"blk.{i}.attn_q": unrotate_queries, "blk.{i}.attn_k": unrotate_keys},
)
QWEN2 = replace(LLAMA, name="qwen2", family="qwen2", values_with={}, changes={})
QWEN3 = replace(QWEN2, name="qwen3", family="qwen3", tensors={**LLAMA.tensors, **HEAD_NORMS})
GEMMA = replace(
    QWEN2,
    name="gemma",
    family="gemma",
    changes=dict.fromkeys(("output_norm", *NORMS), subtract_one),
)
GEMMA2_NORMS = MappingProxyType(
    {
        **NORMS_AFTER,
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
        "blk.{i}.ffn_norm": "layers.{i}.pre_feedforward_layernorm",
    }
)


def gemma2_scale(values: Values) -> Values:
    """The scale, which files do not state: of 27 B by the hidden size, else by the head's."""
    d_model, n_head = values["hidden_size"], values["num_attention_heads"]
    is_27b = values["num_hidden_layers"] == 46
    return {"query_pre_attn_scalar": d_model // n_head if is_27b else values["head_dim"]}


GEMMA2 = replace(
    GEMMA,
    name="gemma2",
    family="gemma2",
    settings={
        **RMS_ROPE,
        "attention.sliding_window": "sliding_window",
        "attn_logit_softcapping": "attn_logit_softcapping",
        "final_logit_softcapping": "final_logit_softcapping",
    },
    tensors={**TABLES, **PROJECTIONS, **GEMMA2_NORMS},
    derive=gemma2_scale,
    changes=dict.fromkeys(("output_norm", *GEMMA2_NORMS), subtract_one),
)
PHI3 = replace(
    QWEN2,
    name="phi3",
    family="phi3",
    settings={**RMS_ROPE, "attention.sliding_window": "sliding_window"},
    tensors={
        **TABLES,
        **NORMS,
        "blk.{i}.attn_qkv": "layers.{i}.self_attn.qkv_proj",
        "blk.{i}.attn_output": "layers.{i}.self_attn.o_proj",
        "blk.{i}.ffn_up": "layers.{i}.mlp.gate_up_proj",
        "blk.{i}.ffn_down": "layers.{i}.mlp.down_proj",
    },
    has_partial_rotary=True,
)
OLMO2 = replace(
    QWEN2,
    name="olmo2",
    family="olmo2",
    tensors={**TABLES, **PROJECTIONS, **HEAD_NORMS, **NORMS_AFTER},
)

ROWS = (LLAMA, QWEN2, QWEN3, GEMMA, GEMMA2, PHI3, OLMO2)
