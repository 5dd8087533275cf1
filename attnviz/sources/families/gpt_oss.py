"""gpt-oss: a mixture of experts with biases, learned attention sinks and YaRN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.attention_sink import LearnedSink
from attnviz.sources.families.llama_like import LLAMA, ROPE_SLIDING
from attnviz.sources.families.mixture_of_experts import LLAMA_STACK, with_experts
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import Experts, ExpertTensors


def learned_sink(layer: Layer) -> Normalizer:
    """Softmax with a learned sink logit per head."""
    del layer
    return LearnedSink()


GPT_OSS_ROPE: dict[str, Any] = {
    "rope_type": "yarn",
    "factor": 32.0,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "truncate": False,
    "original_max_position_embeddings": 4096,
}
GPT_OSS_EXPERTS = ExpertTensors(
    up="mlp.experts.gate_up_proj",
    down="mlp.experts.down_proj",
    up_bias="mlp.experts.gate_up_proj_bias",
    down_bias="mlp.experts.down_proj_bias",
    interleaved=True,
    in_first=True,
)
GPT_OSS = replace(
    LLAMA,
    name="gpt_oss",
    paper="2508.10925",
    features="mixture of experts, learned sinks, YaRN, windows in every other layer",
    stacks={
        "decoder": with_experts(
            replace(
                LLAMA_STACK,
                attention=replace(
                    LLAMA_STACK.attention,
                    slots=replace(
                        ROPE_SLIDING,
                        normalize=learned_sink,
                        head_params={"b_sink": "self_attn.sinks"},
                    ),
                ),
            ),
            Experts(
                router=("mlp.router",),
                router_bias=True,
                tensors=(
                    GPT_OSS_EXPERTS,
                    replace(
                        GPT_OSS_EXPERTS,
                        up="mlp.experts.gate_up_proj_blocks",
                        down="mlp.experts.down_proj_blocks",
                        in_first=False,
                    ),
                ),
                is_clamped=True,
            ),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-5,
        "base": 150000.0,
        "d_head": 64,
        "n_kv_head": 8,
        "n_position": 131072,
        "window": 128,
        "layer_pattern": ("sliding_attention", "full_attention"),
        "attention_bias": True,
        "n_expert": 128,
        "num_experts_per_tok": 4,
        "swiglu_alpha": 1.702,
        "swiglu_limit": 7.0,
        "rope_parameters": GPT_OSS_ROPE,
    },
    keys={**LLAMA.keys, "activation": ()},
    allowed_values={"partial_rotary_factor": (1.0,)},
)

FAMILIES = (GPT_OSS,)
