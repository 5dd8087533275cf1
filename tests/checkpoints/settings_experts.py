"""Settings of the tiny checkpoints of Gemma 3, of Granite, and of mixtures of experts."""

from __future__ import annotations

from typing import Any

from tests.checkpoints.inputs import LLAMA, PLAIN
from tests.checkpoints.sizes import GROUPED, RMS

GEMMA3 = GROUPED | {
    "num_hidden_layers": 4,
    "intermediate_size": 24,
    "head_dim": 8,
    "sliding_window": 5,
    "sliding_window_pattern": 3,
    "query_pre_attn_scalar": 10,
}
TINY_VISION = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "image_size": 8,
    "patch_size": 4,
}
SPARSE = GROUPED | {"intermediate_size": 8, "num_experts_per_tok": 2}
MULTIPLIERS = {
    "embedding_multiplier": 3.0,
    "residual_multiplier": 0.6,
    "attention_multiplier": 0.3,
    "logits_scaling": 4.0,
}
MSCALES = {"short_mscale": 1.2, "long_mscale": 1.2}

# folder: (model_type, special tokens around a text and a pair, config, how it is saved)
EXPERTS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "gemma3_text": ("gemma3_text", LLAMA, GEMMA3, {}),
    "gemma3": (
        "gemma3",
        LLAMA,
        {"text_config": GEMMA3 | {"num_hidden_layers": 3}, "vision_config": TINY_VISION},
        {},
    ),
    "gemma3-bidirectional": (
        "gemma3_text",
        LLAMA,
        GEMMA3
        | {"num_hidden_layers": 3, "use_bidirectional_attention": True, "sliding_window": 8},
        {"bare": True},
    ),
    "mixtral": (
        "mixtral",
        LLAMA,
        SPARSE | {"num_local_experts": 5, "sliding_window": 6},
        {"dtype": "bfloat16"},
    ),
    "qwen2_moe": (
        "qwen2_moe",
        PLAIN,
        SPARSE
        | {
            "num_experts": 5,
            "moe_intermediate_size": 8,
            "shared_expert_intermediate_size": 12,
            "use_sliding_window": True,
            "sliding_window": 5,
            "max_window_layers": 2,
            "num_hidden_layers": 3,
            "mlp_only_layers": [1],
        },
        {},
    ),
    "qwen3_moe": (
        "qwen3_moe",
        PLAIN,
        SPARSE
        | {
            "num_experts": 5,
            "moe_intermediate_size": 8,
            "norm_topk_prob": True,
            "decoder_sparse_step": 2,
            "head_dim": 12,
        },
        {},
    ),
    "olmoe": ("olmoe", PLAIN, SPARSE | RMS | {"num_experts": 6, "num_experts_per_tok": 3}, {}),
    "phimoe": (
        "phimoe",
        LLAMA,
        SPARSE
        | {
            "num_local_experts": 5,
            "attention_bias": True,
            "lm_head_bias": True,
            "sliding_window": 7,
            "router_jitter_noise": 0.3,
        },
        {},
    ),
    "gpt_oss": (
        "gpt_oss",
        LLAMA,
        SPARSE | {"num_local_experts": 4, "head_dim": 8, "sliding_window": 5, "swiglu_limit": 1.5},
        {},
    ),
    "gpt_oss-mxfp4": (
        "gpt_oss",
        LLAMA,
        SPARSE
        | {"num_local_experts": 4, "head_dim": 8, "sliding_window": 5, "intermediate_size": 32},
        {"quantize": "mxfp4"},
    ),
    "granite": ("granite", LLAMA, GROUPED | MULTIPLIERS, {}),
    "granitemoe": (
        "granitemoe",
        LLAMA,
        SPARSE | MULTIPLIERS | {"num_local_experts": 4, "attention_bias": True},
        {},
    ),
}
