"""Ranges of the numbers in a config: a value outside of its range is refused when it is read.

The upper ends are far above every published model; they bound time and memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Range = tuple[float, float]  # minimum and maximum, both allowed

MAX_LAYER = 4096
MAX_TOKEN_ID = (1 << 31) - 1

COUNT: Range = (1, 1 << 16)
LENGTH: Range = (1, 1 << 31)
WIDTH: Range = (1, 1 << 20)
TOKEN_ID: Range = (0, MAX_TOKEN_ID)
POSITIVE: Range = (1e-30, 1e30)

# Integers, by the names of CONFIG_KEYS or by the keys of the file; COUNT for all others.
INT_RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "n_layer": (1, MAX_LAYER),
        "num_hidden_groups": (1, MAX_LAYER),
        "global_attn_every_n_layers": (1, MAX_LAYER),
        "max_window_layers": (0, LENGTH[1]),
        "d_model": WIDTH,
        "d_embedding": WIDTH,
        "d_inner": (1, 1 << 22),
        "n_vocab": (1, MAX_TOKEN_ID),
        "n_position": LENGTH,
        "n_segment": (0, COUNT[1]),
        "window": LENGTH,
        "half_window": LENGTH,
        "original_max_position_embeddings": LENGTH,
        "relative_attention_num_buckets": (4, COUNT[1]),
        "relative_attention_max_distance": (2, LENGTH[1]),
        "max_relative_positions": (-1, LENGTH[1]),
        "position_buckets": (-1, COUNT[1]),
        "pad_token_id": TOKEN_ID,
        "mask_token_id": TOKEN_ID,
        "num_random_blocks": (0, COUNT[1]),
        "conv_kernel_size": (0, COUNT[1]),
        "bos_token_id": TOKEN_ID,
        "eos_token_id": TOKEN_ID,
        "decoder_start_token_id": TOKEN_ID,
    }
)

# Numbers that need not be integers; POSITIVE for all others.
FLOAT_RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "eps": (1e-30, 1.0),
        "base": (1.001, 1e15),
        "rotary_share": (1e-6, 1.0),
        "factor": (1e-6, 1e6),
        "short_factor": (1e-6, 1e6),
        "long_factor": (1e-6, 1e6),
        "low_freq_factor": (0.0, 1e9),
        "high_freq_factor": (0.0, 1e9),
        "beta_fast": (1e-6, 1e9),
        "beta_slow": (1e-6, 1e9),
        "attention_factor": (1e-6, 1e6),
        "mscale": (0.0, 1e6),
        "mscale_all_dim": (0.0, 1e6),
        "query_pre_attn_scalar": (1e-6, 1e12),
        "attn_logit_softcapping": (1e-6, 1e12),
        "final_logit_softcapping": (1e-6, 1e12),
    }
)


def describe_range(kind: str, allowed: Range) -> str:
    """What a value should be.

    >>> describe_range("an integer", (1, 4096))
    'an integer from 1 to 4096'
    """
    low, high = allowed
    return f"{kind} from {low:.10g} to {high:.10g}"
