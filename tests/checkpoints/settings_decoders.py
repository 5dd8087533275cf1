"""Settings of the tiny checkpoints of decoders: parallel branches, Llama's variants, GPT's."""

from __future__ import annotations

from typing import Any

from tests.checkpoints.inputs import LLAMA, PLAIN
from tests.checkpoints.sizes import GPT, GROUPED, SMALL

HALF = {"dtype": "float16"}  # how weights are saved
FALCON = {key: value for key, value in SMALL.items() if key != "intermediate_size"}
FALCON |= {"ffn_hidden_size": 48, "pad_token_id": 0}

# folder: (model_type, special tokens around a text and a pair, config, how it is saved)
DECODERS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "openai-gpt": ("openai-gpt", PLAIN, GPT, HALF),
    "gpt_bigcode": ("gpt_bigcode", PLAIN, GPT | {"n_inner": 48}, HALF),
    "gpt_bigcode-heads": (
        "gpt_bigcode",
        PLAIN,
        GPT | {"n_inner": 48, "multi_query": False},
        HALF,
    ),
    "mpt": (
        "mpt",
        PLAIN,
        {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 40}
        | {"attn_config": {"clip_qkv": 0.8, "softmax_scale": 0.5}},
        HALF,
    ),
    "biogpt": ("biogpt", LLAMA, SMALL, HALF),
    "xglm": (
        "xglm",
        LLAMA,
        {"d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 48}
        | {"max_position_embeddings": 40},
        HALF,
    ),
    "gptj": ("gptj", PLAIN, GPT | {"rotary_dim": 4, "n_inner": 48}, HALF),
    "codegen": ("codegen", PLAIN, GPT | {"n_head": 8, "rotary_dim": 4, "n_inner": 48}, HALF),
    "phi": ("phi", PLAIN, GROUPED | {"qk_layernorm": True}, HALF),
    "falcon": ("falcon", PLAIN, FALCON, HALF),
    "falcon-new": (
        "falcon",
        PLAIN,
        FALCON | {"new_decoder_architecture": True, "num_kv_heads": 2, "bias": True},
        HALF,
    ),
    "falcon-alibi": (
        "falcon",
        PLAIN,
        FALCON
        | {"hidden_size": 36, "num_attention_heads": 6, "alibi": True}
        | {"multi_query": False, "parallel_attn": False, "bias": True},
        HALF,
    ),
    "cohere": ("cohere", LLAMA, GROUPED | {"use_qk_norm": True}, HALF),
    "cohere2": (
        "cohere2",
        LLAMA,
        GROUPED | {"sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"]},
        HALF,
    ),
    "smollm3": ("smollm3", LLAMA, GROUPED | {"no_rope_layers": [1, 0]}, HALF),
    "olmo": ("olmo", PLAIN, GROUPED | {"clip_qkv": 0.7}, HALF),
    "olmo3": (
        "olmo3",
        PLAIN,
        GROUPED
        | {"sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"]}
        | {
            "rope_scaling": {"rope_type": "yarn", "factor": 4.0}
            | {"original_max_position_embeddings": 10}
        },
        HALF,
    ),
    "stablelm": (
        "stablelm",
        PLAIN,
        GROUPED | {"use_qkv_bias": True, "qk_layernorm": True},
        HALF,
    ),
    "stablelm-parallel": (
        "stablelm",
        PLAIN,
        SMALL | {"num_key_value_heads": 4, "use_parallel_residual": True},
        HALF,
    ),
    "starcoder2": ("starcoder2", PLAIN, GROUPED | {"sliding_window": 6}, HALF),
    "glm": ("glm", PLAIN, GROUPED | {"head_dim": 8}, HALF),
    "glm4": ("glm4", PLAIN, GROUPED | {"head_dim": 12}, HALF),
    "exaone4": (
        "exaone4",
        PLAIN,
        GROUPED | {"sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"]},
        HALF,
    ),
    "ernie4_5": ("ernie4_5", LLAMA, GROUPED | {"head_dim": 10, "use_bias": True}, HALF),
    "helium": ("helium", LLAMA, GROUPED | {"head_dim": 8}, HALF),
    "nemotron": ("nemotron", LLAMA, GROUPED | {"attention_bias": True, "head_dim": 12}, HALF),
    "ministral": (
        "ministral",
        LLAMA,
        GROUPED
        | {"head_dim": 8, "sliding_window": 5}
        | {"layer_types": ["sliding_attention", "full_attention"]},
        HALF,
    ),
    "seed_oss": ("seed_oss", PLAIN, GROUPED | {"head_dim": 12}, HALF),
    "apertus": ("apertus", LLAMA, GROUPED, HALF),
    "arcee": ("arcee", LLAMA, GROUPED | {"mlp_bias": True}, HALF),
}
