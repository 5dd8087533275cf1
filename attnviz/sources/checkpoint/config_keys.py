"""Keys of config.json: those of each setting, by the name that is used here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# One name per setting, and the keys that configs use for it; the first that is set counts.
# Sizes, which are compared with the tensors, have the same keys in all families. Settings that
# nothing else confirms (eps, activation, window, base…) have the keys of their family only: a
# key that another family uses must not change them.
CONFIG_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "d_model": ("hidden_size", "n_embd", "n_embed", "d_model", "dim"),
        "n_layer": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
        "n_head": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
        "n_kv_head": ("num_key_value_heads",),
        "d_head": ("head_dim", "attention_head_size", "d_kv"),
        "d_inner": ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim"),
        "d_embedding": ("embedding_size", "word_embed_proj_dim"),
        "n_vocab": ("vocab_size",),
        "n_position": ("max_position_embeddings", "n_positions"),
        "n_segment": ("type_vocab_size",),
        "dtype": ("dtype", "torch_dtype"),
        "n_expert": ("num_local_experts", "num_experts"),
        "d_expert": ("moe_intermediate_size", "intermediate_size"),
        "is_bidirectional": (),  # settings of some families only
        "window_period": (),
        "window_end": (),
        "multi_query": (),
    }
)

# Keys of the whole checkpoint, where the settings of its language model are under another key.
CHECKPOINT_KEYS = (
    *("model_type", "architectures", "auto_map", "quantization_config", "dtype", "torch_dtype"),
    *("tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id"),
)

# An encoder and a decoder in one config.
SIDE_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "n_layer": ("{side}_layers", "num_{side}_layers"),
        "n_head": ("{side}_attention_heads",),
        "d_inner": ("{side}_ffn_dim",),
        "n_vocab": ("{side}_vocab_size",),
        "n_position": ("max_{side}_position_embeddings",),
    }
)
