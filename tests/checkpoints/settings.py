"""Settings of the tiny checkpoints, one line per folder."""

from __future__ import annotations

from typing import Any

from tests.checkpoints.inputs import BERT, LLAMA, PLAIN, ROBERTA, T5
from tests.checkpoints.settings_decoders import DECODERS
from tests.checkpoints.settings_encoders import ENCODERS
from tests.checkpoints.settings_experts import EXPERTS, MSCALES
from tests.checkpoints.sizes import BUCKETS, DEBERTA, FIVE, GPT, GROUPED, RMS, SMALL, TWO

# folder: (model_type, special tokens around a text and a pair, config, how it is saved)
CHECKPOINTS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "bert": ("bert", BERT, SMALL | {"num_hidden_layers": 3}, {}),
    "roberta": ("roberta", ROBERTA, SMALL | {"type_vocab_size": 1}, {}),
    "xlm-roberta": ("xlm-roberta", ROBERTA, SMALL | {"layer_norm_eps": 1e-5}, {}),
    "camembert": ("camembert", ROBERTA, SMALL | {"type_vocab_size": 1}, {"bare": True}),
    "distilbert": (
        "distilbert",
        BERT,
        {
            "dim": 32,
            "n_layers": 2,
            "n_heads": 4,
            "hidden_dim": 48,
            "max_position_embeddings": 40,
        },
        {"bare": True},
    ),
    "distilbert-masked-lm": (
        "distilbert",
        BERT,
        {"dim": 16, "n_layers": 1, "n_heads": 4, "hidden_dim": 24, "max_position_embeddings": 40},
        {},
    ),
    "camembert-masked-lm": (
        "camembert",
        ROBERTA,
        SMALL | {"hidden_size": 16, "num_hidden_layers": 1, "type_vocab_size": 1},
        {},
    ),
    "electra": ("electra", BERT, SMALL | {"embedding_size": 16}, {}),
    "albert": (
        "albert",
        BERT,
        SMALL | {"embedding_size": 16, "num_hidden_groups": 2, "num_hidden_layers": 4},
        {},
    ),
    "mpnet": ("mpnet", ROBERTA, SMALL, {}),
    "modernbert": (
        "modernbert",
        BERT,
        SMALL
        | {
            "num_hidden_layers": 4,
            "local_attention": 8,
            "cls_token_id": 2,
            "sep_token_id": 3,
            "bos_token_id": 2,
            "eos_token_id": 3,
        },
        {},
    ),
    "deberta-v2": ("deberta-v2", BERT, DEBERTA, {}),
    "deberta-v2-own": (
        "deberta-v2",
        BERT,
        DEBERTA
        | {
            "share_att_key": False,
            "position_biased_input": True,
            "position_buckets": -1,
            "type_vocab_size": 2,
            "norm_rel_ebd": "none",
        },
        {},
    ),
    "gpt2": ("gpt2", PLAIN, GPT, {}),
    "gpt2-scaled": ("gpt2", PLAIN, GPT | {"scale_attn_by_inverse_layer_idx": True}, {}),
    "gpt_neo": (
        "gpt_neo",
        PLAIN,
        {
            "hidden_size": 32,
            "num_layers": 3,
            "num_heads": 4,
            "max_position_embeddings": 40,
            "window_size": 5,
            "attention_types": [[["global", "local"], 1], [["local"], 1]],
        },
        {},
    ),
    "gpt_neox": ("gpt_neox", PLAIN, SMALL | {"rotary_pct": 0.5}, {}),
    "gpt_neox-serial": ("gpt_neox", PLAIN, SMALL | {"use_parallel_residual": False}, {}),
    "opt": ("opt", PLAIN, SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 32}, {}),
    "opt-post": (
        "opt",
        PLAIN,
        SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 16, "do_layer_norm_before": False},
        {},
    ),
    "bloom": ("bloom", PLAIN, {"hidden_size": 24, "n_layer": 2, "n_head": 6}, {}),
    "llama": ("llama", LLAMA, GROUPED | RMS, {}),
    "mistral": (
        "mistral",
        LLAMA,
        GROUPED | {"sliding_window": 6, "num_hidden_layers": 3},
        {"dtype": "bfloat16"},
    ),
    "qwen2": ("qwen2", PLAIN, GROUPED, {"dtype": "float16"}),
    "qwen2-sliding": (
        "qwen2",
        PLAIN,
        GROUPED
        | {
            "use_sliding_window": True,
            "sliding_window": 5,
            "max_window_layers": 1,
            "num_hidden_layers": 3,
        },
        {},
    ),
    "qwen3": ("qwen3", PLAIN, GROUPED | {"head_dim": 12}, {}),
    "qwen3-fp8": ("qwen3", PLAIN, GROUPED | {"head_dim": 12}, {"quantize": "fp8"}),
    "gemma": ("gemma", LLAMA, SMALL | {"num_key_value_heads": 1, "head_dim": 10}, {"shards": 3}),
    "gemma2": (
        "gemma2",
        LLAMA,
        GROUPED
        | {
            "num_hidden_layers": 3,
            "head_dim": 8,
            "sliding_window": 5,
            "query_pre_attn_scalar": 10,
            "attn_logit_softcapping": 4.0,
        },
        {},
    ),
    "phi3": (
        "phi3",
        LLAMA,
        GROUPED | {"pad_token_id": 0, "sliding_window": 7},
        {},
    ),
    "olmo2": ("olmo2", PLAIN, GROUPED | RMS, {}),
    "t5": ("t5", T5, FIVE | BUCKETS, {}),
    "mt5": ("mt5", T5, FIVE | BUCKETS, {}),
    "bart": ("bart", ROBERTA, TWO, {}),
    "mbart": ("mbart", T5, TWO | {"scale_embedding": True, "decoder_start_token_id": 2}, {}),
    "marian": (
        "marian",
        T5,
        TWO
        | {
            "scale_embedding": True,
            "decoder_start_token_id": 0,
            "activation_function": "swish",
        },
        {},
    ),
    "m2m_100": ("m2m_100", ROBERTA, TWO, {}),
    **DECODERS,
    **EXPERTS,
    **ENCODERS,
}

# The same weights, read with another config: what turns queries and keys is not learned.
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
LONG_ROPE = {
    "rope_type": "longrope",
    "short_factor": [1.0, 1.1, 1.3, 1.7],
    "long_factor": [1.0, 1.6, 2.5, 4.0],
}
ROPE_SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("llama", {"rope_scaling": {"rope_type": "linear", "factor": 3.0}}),
    "dynamic": (
        "llama",
        {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}, "max_position_embeddings": 12},
    ),
    "llama3": ("llama", {"rope_scaling": LLAMA3}),
    "yarn": ("llama", {"rope_scaling": YARN}),
    "yarn-scaled": ("llama", {"rope_scaling": YARN | {"mscale": 0.7, "mscale_all_dim": 1.0}}),
    "longrope": ("phi3", {"rope_scaling": LONG_ROPE, "original_max_position_embeddings": 12}),
    "partial": ("phi3", {"partial_rotary_factor": 0.5}),
    "gemma3-linear": (
        "gemma3_text",
        {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
    ),
    "phimoe-longrope": (
        "phimoe",
        {"rope_scaling": LONG_ROPE | {"original_max_position_embeddings": 32} | MSCALES},
    ),
}

# The same weights, read with another config of the output head.
LOGIT_SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "uncapped": ("gemma2", {"final_logit_softcapping": None}),
    "capped": ("gemma2", {"final_logit_softcapping": 1.5}),
    "unscaled": ("t5", {"scale_decoder_outputs": False}),
    "relu": ("modernbert", {"classifier_activation": "relu"}),
    "quick": ("bert", {"hidden_act": "quick_gelu"}),
}
