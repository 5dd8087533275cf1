"""GGUF architectures with a mixture of experts, whose matrices are in one tensor per layer."""

from __future__ import annotations

from dataclasses import replace

from attnviz.sources.checkpoint.gguf.architecture import as_matrix
from attnviz.sources.checkpoint.gguf.llama_like import HEAD_NORMS, LLAMA, QWEN2, QWEN3, RMS_ROPE
from attnviz.sources.checkpoint.gguf.llama_variants import GRANITE

COUNTS = {"expert_count": "num_experts", "expert_used_count": "num_experts_per_tok"}
EXPERTS = {
    "blk.{i}.ffn_gate_inp": "layers.{i}.mlp.gate",
    "blk.{i}.ffn_gate_exps": "layers.{i}.mlp.experts.{e}.gate_proj",
    "blk.{i}.ffn_up_exps": "layers.{i}.mlp.experts.{e}.up_proj",
    "blk.{i}.ffn_down_exps": "layers.{i}.mlp.experts.{e}.down_proj",
}
MIXTRAL = replace(
    LLAMA,
    family="mixtral",
    settings={
        **RMS_ROPE,
        "expert_count": "num_local_experts",
        "expert_used_count": "num_experts_per_tok",
    },
    tensors={
        **LLAMA.tensors,
        "blk.{i}.ffn_gate_inp": "layers.{i}.block_sparse_moe.gate",
        "blk.{i}.ffn_gate_exps": "layers.{i}.block_sparse_moe.experts.{e}.w1",
        "blk.{i}.ffn_up_exps": "layers.{i}.block_sparse_moe.experts.{e}.w3",
        "blk.{i}.ffn_down_exps": "layers.{i}.block_sparse_moe.experts.{e}.w2",
    },
    requires="blk.0.ffn_gate_exps.weight",
)
QWEN2_MOE = replace(
    QWEN2,
    name="qwen2moe",
    family="qwen2_moe",
    settings={
        **RMS_ROPE,
        **COUNTS,
        "expert_feed_forward_length": "moe_intermediate_size",
        "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    },
    tensors={
        **QWEN2.tensors,
        **EXPERTS,
        "blk.{i}.ffn_gate_inp_shexp": "layers.{i}.mlp.shared_expert_gate",
        "blk.{i}.ffn_gate_shexp": "layers.{i}.mlp.shared_expert.gate_proj",
        "blk.{i}.ffn_up_shexp": "layers.{i}.mlp.shared_expert.up_proj",
        "blk.{i}.ffn_down_shexp": "layers.{i}.mlp.shared_expert.down_proj",
    },
    values={"norm_topk_prob": False},
    changes={"blk.{i}.ffn_gate_inp_shexp": as_matrix},
)
QWEN3_MOE = replace(
    QWEN3,
    name="qwen3moe",
    family="qwen3_moe",
    settings={**RMS_ROPE, **COUNTS, "expert_feed_forward_length": "moe_intermediate_size"},
    tensors={**QWEN3.tensors, **EXPERTS},
    values={"norm_topk_prob": True},
)
OLMOE = replace(
    QWEN2,
    name="olmoe",
    family="olmoe",
    settings={**RMS_ROPE, **COUNTS},
    tensors={**QWEN2.tensors, **HEAD_NORMS, **EXPERTS},
    values={"norm_topk_prob": False},
)
GRANITE_MOE = replace(
    GRANITE,
    name="granitemoe",
    family="granitemoe",
    settings={
        **GRANITE.settings,
        "expert_count": "num_local_experts",
        "expert_used_count": "num_experts_per_tok",
    },
    tensors={
        **GRANITE.tensors,
        "blk.{i}.ffn_gate_inp": "layers.{i}.block_sparse_moe.router.layer",
        "blk.{i}.ffn_gate_exps": "layers.{i}.block_sparse_moe.experts.{e}.gate_proj",
        "blk.{i}.ffn_up_exps": "layers.{i}.block_sparse_moe.experts.{e}.up_proj",
        "blk.{i}.ffn_down_exps": "layers.{i}.block_sparse_moe.experts.{e}.down_proj",
    },
)
GPT_OSS = replace(
    QWEN2,
    name="gpt-oss",
    family="gpt_oss",
    settings={
        **RMS_ROPE,
        "attention.sliding_window": "sliding_window",
        "expert_count": "num_local_experts",
        "expert_used_count": "num_experts_per_tok",
        "expert_feed_forward_length": "intermediate_size",
    },
    tensors={
        **{name: own for name, own in QWEN2.tensors.items() if ".ffn" not in name},
        "blk.{i}.post_attention_norm": "layers.{i}.post_attention_layernorm",
        "blk.{i}.attn_sinks.weight": "layers.{i}.self_attn.sinks",
        "blk.{i}.ffn_gate_inp": "layers.{i}.mlp.router",
        "blk.{i}.ffn_gate_exps.weight": "layers.{i}.mlp.experts.gate_up_proj_blocks|0",
        "blk.{i}.ffn_up_exps.weight": "layers.{i}.mlp.experts.gate_up_proj_blocks|1",
        "blk.{i}.ffn_gate_exps.bias": "layers.{i}.mlp.experts.gate_up_proj_bias|0",
        "blk.{i}.ffn_up_exps.bias": "layers.{i}.mlp.experts.gate_up_proj_bias|1",
        "blk.{i}.ffn_down_exps.weight": "layers.{i}.mlp.experts.down_proj_blocks",
        "blk.{i}.ffn_down_exps.bias": "layers.{i}.mlp.experts.down_proj_bias",
    },
    rope_scaling={"truncate": False},
)

ROWS = (MIXTRAL, QWEN2_MOE, QWEN3_MOE, OLMOE, GRANITE_MOE, GPT_OSS)
