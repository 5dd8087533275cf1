"""GGUF architectures of decoders close to Llama: Gemma 3, SmolLM3, Granite, OLMo and others."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.gguf.architecture import (
    SIZES,
    Values,
    subtract_one,
)
from attnviz.sources.checkpoint.gguf.llama_like import (
    GEMMA2,
    GEMMA2_NORMS,
    HEAD_NORMS,
    LLAMA,
    NORMS,
    OLMO2,
    PROJECTIONS,
    QWEN2,
    RMS_ROPE,
    TABLES,
)

LAYER_NORM_ROPE = {
    key: name for key, name in RMS_ROPE.items() if key != "attention.layer_norm_rms_epsilon"
}
WINDOW = {
    "attention.sliding_window": "sliding_window",
    "attention.sliding_window_pattern": "sliding_window_pattern",
}


def gemma3_scale(values: Values) -> Values:
    """The scale, which files do not state: of 27 B by the hidden size, else by the head's."""
    d_model, n_head = values["hidden_size"], values["num_attention_heads"]
    is_27b = values["num_hidden_layers"] == 62
    return {"query_pre_attn_scalar": d_model // n_head if is_27b else values["head_dim"]}


GEMMA3 = replace(
    GEMMA2,
    name="gemma3",
    family="gemma3_text",
    settings={**GEMMA2.settings, **WINDOW, "rope.freq_base_swa": "rope_local_base_freq"},
    tensors={**GEMMA2.tensors, **HEAD_NORMS},
    values={"sliding_window": None},  # not written where all layers have full attention
    derive=gemma3_scale,
    changes=dict.fromkeys(("output_norm", *GEMMA2_NORMS, *HEAD_NORMS), subtract_one),
)
GEMMA_EMBEDDING = replace(
    GEMMA3,
    name="gemma-embedding",
    settings={key: name for key, name in GEMMA3.settings.items() if key != "attention.causal"},
    tensors={**GEMMA3.tensors, "dense_2": "dense_2", "dense_3": "dense_3"},  # after pooling
    values={**GEMMA3.values, "use_bidirectional_attention": True},
    neutral={"attention.causal": (False,), "dense_2_feat_in": (768,), "dense_2_feat_out": (3072,)}
    | {"dense_3_feat_in": (3072,), "dense_3_feat_out": (768,)},
)
SMOLLM3 = replace(LLAMA, name="smollm3", family="smollm3")
GRANITE = replace(
    LLAMA,
    name="granite",
    family="granite",
    settings={
        **RMS_ROPE,
        "attention.scale": "attention_multiplier",
        "embedding_scale": "embedding_multiplier",
        "residual_scale": "residual_multiplier",
        "logit_scale": "logits_scaling",
    },
    neutral={"rope.scaling.finetuned": (True,)},  # false: llama.cpp does not rotate
)
ARCEE = replace(LLAMA, name="arcee", family="arcee")
ERNIE4_5 = replace(
    QWEN2,
    name="ernie4_5",
    family="ernie4_5",
    values={"use_bias": False},
    values_with={"blk.0.attn_q.bias": {"use_bias": True}},
)
SEED_OSS = replace(
    QWEN2,
    name="seed_oss",
    family="seed_oss",
    tensors={
        **TABLES,
        **PROJECTIONS,
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
        "blk.{i}.post_attention_norm": "layers.{i}.post_attention_layernorm",
    },
    values={"attention_bias": False, "attention_out_bias": False},
    values_with={
        "blk.0.attn_q.bias": {"attention_bias": True},
        "blk.0.attn_output.bias": {"attention_out_bias": True},
    },
)
OLMO = replace(
    LLAMA,
    name="olmo",
    family="olmo",
    settings={**LAYER_NORM_ROPE, "attention.clamp_kqv": "clip_qkv"},
    tensors={"token_embd": "embed_tokens", "output": "lm_head", **PROJECTIONS},
    changes={f"{name}.weight": change for name, change in LLAMA.changes.items()},  # biases stay
    neutral={"attention.layer_norm_epsilon": (1e-5,)},
)
OLMO3 = replace(
    OLMO2,
    family="olmo3",
    settings={**RMS_ROPE, **WINDOW, "rope.freq_base_swa": "rope_local_base_freq"},
    requires="olmo2.attention.sliding_window",
    scaled_layers="full_attention",
)
STARCODER2 = replace(  # files do not state the window: all earlier tokens are attended to
    QWEN2,
    name="starcoder2",
    family="starcoder2",
    settings={**LAYER_NORM_ROPE, "attention.layer_norm_epsilon": "norm_epsilon"},
    tensors={
        **TABLES,
        **PROJECTIONS,
        **NORMS,
        "blk.{i}.ffn_up": "layers.{i}.mlp.c_fc",
        "blk.{i}.ffn_down": "layers.{i}.mlp.c_proj",
    },
    values={"use_bias": False},
    values_with={"blk.0.attn_q.bias": {"use_bias": True}},
)
STABLELM = replace(
    QWEN2,
    name="stablelm",
    family="stablelm",
    settings={**LAYER_NORM_ROPE, "attention.layer_norm_epsilon": "layer_norm_eps"},
    tensors={
        **LLAMA.tensors,
        "blk.{i}.attn_q_norm": "layers.{i}.self_attn.q_layernorm.norms.{e}",
        "blk.{i}.attn_k_norm": "layers.{i}.self_attn.k_layernorm.norms.{e}",
    },
    # llama.cpp writes use_parallel_residual = true for a config that lacks it, where the default
    # is false, and decides by the second norm, which parallel layers do not have.
    values={"use_qkv_bias": False, "qk_layernorm": False, "use_parallel_residual": True},
    neutral={"use_parallel_residual": (True, False)},
    values_with={
        "blk.0.ffn_norm.weight": {"use_parallel_residual": False},
        "blk.0.attn_q.bias": {"use_qkv_bias": True},
        "blk.0.attn_q_norm.weight": {"qk_layernorm": True},
    },
    has_partial_rotary=True,
)
NEMOTRON = replace(
    QWEN2,
    name="nemotron",
    family="nemotron",
    settings={
        **LAYER_NORM_ROPE,
        "attention.layer_norm_rms_epsilon": "norm_eps",  # llama.cpp writes both from norm_eps
        "attention.layer_norm_epsilon": "norm_eps",
    },
    values_with=LLAMA.values_with,
    changes=dict.fromkeys((f"{name}.weight" for name in ("output_norm", *NORMS)), subtract_one),
    has_partial_rotary=True,
)
COMMAND_R = replace(
    QWEN2,
    name="command-r",
    family="cohere",
    settings={
        **LAYER_NORM_ROPE,
        "attention.layer_norm_epsilon": "layer_norm_eps",
        "logit_scale": "logit_scale",
    },
    tensors={
        **TABLES,
        **PROJECTIONS,
        **HEAD_NORMS,
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
    },
    values={"use_qk_norm": False},
    values_with={"blk.0.attn_q_norm.weight": {"use_qk_norm": True}},
)
COHERE2 = replace(
    COMMAND_R,
    name="cohere2",
    family="cohere2",
    settings={**COMMAND_R.settings, **WINDOW},
    tensors={name: own for name, own in COMMAND_R.tensors.items() if name not in HEAD_NORMS},
    values={},
    values_with={},
)
GLM4 = replace(
    QWEN2,
    name="glm4",
    family="glm4",
    tensors={
        **{name: own for name, own in LLAMA.tensors.items() if name != "blk.{i}.ffn_gate"},
        "blk.{i}.ffn_up": "layers.{i}.mlp.gate_up_proj",
        "blk.{i}.post_attention_norm": "layers.{i}.post_self_attn_layernorm",
        "blk.{i}.post_ffw_norm": "layers.{i}.post_mlp_layernorm",
    },
    values={"attention_bias": False},
    values_with={"blk.0.attn_q.bias": {"attention_bias": True}},
    has_partial_rotary=True,
)
PHI2 = replace(
    QWEN2,
    name="phi2",
    family="phi",
    settings={
        **SIZES,
        "attention.layer_norm_epsilon": "layer_norm_eps",
        "rope.freq_base": "rope_theta",
    },
    tensors={
        "token_embd": "embed_tokens",
        "output_norm": "final_layernorm",
        "output": "lm_head",
        "blk.{i}.attn_norm": "layers.{i}.input_layernorm",
        "blk.{i}.attn_q": "layers.{i}.self_attn.q_proj",
        "blk.{i}.attn_k": "layers.{i}.self_attn.k_proj",
        "blk.{i}.attn_v": "layers.{i}.self_attn.v_proj",
        "blk.{i}.attn_output": "layers.{i}.self_attn.dense",
        "blk.{i}.ffn_up": "layers.{i}.mlp.fc1",
        "blk.{i}.ffn_down": "layers.{i}.mlp.fc2",
    },
    has_partial_rotary=True,
)

ROWS = (
    *(GEMMA3, GEMMA_EMBEDDING, SMOLLM3, GRANITE, ARCEE, ERNIE4_5, SEED_OSS, OLMO, OLMO3),
    *(STARCODER2, STABLELM, NEMOTRON, COMMAND_R, COHERE2, GLM4, PHI2),
)
