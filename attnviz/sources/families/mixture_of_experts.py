"""Decoders with a mixture of experts: Mixtral, Qwen-MoE, OLMoE, Phi-MoE."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.positions import Position
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import format_value, raise_invalid
from attnviz.sources.families.llama_like import LLAMA, OLMO2, QWEN2, QWEN3, ROPE_SLIDING
from attnviz.sources.families.rope_config import build_rope, rope_settings
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import (
    Experts,
    ExpertTensors,
    FeedForward,
    Norm,
    Stack,
)

LLAMA_STACK = LLAMA.stacks["decoder"]
FUSED = ExpertTensors(up="mlp.experts.gate_up_proj", down="mlp.experts.down_proj")
BY_EXPERT = ExpertTensors(
    gate="mlp.experts.{e}.gate_proj.weight",
    up="mlp.experts.{e}.up_proj.weight",
    down="mlp.experts.{e}.down_proj.weight",
)
MIXTRAL_EXPERTS = ExpertTensors(
    gate="block_sparse_moe.experts.{e}.w1.weight",
    up="block_sparse_moe.experts.{e}.w3.weight",
    down="block_sparse_moe.experts.{e}.w2.weight",
)


def with_experts(stack: Stack, experts: Experts) -> Stack:
    """A stack with these experts in place of its feed-forward layers, which have no biases."""
    return replace(stack, feed_forward=replace(stack.feed_forward, bias=False, experts=experts))


MIXTRAL = replace(
    LLAMA,
    name="mixtral",
    paper="2401.04088",
    features="mixture of experts, grouped queries",
    stacks={
        "decoder": with_experts(
            replace(
                LLAMA_STACK,
                attention=replace(
                    LLAMA_STACK.attention, bias=False, output_bias=False, slots=ROPE_SLIDING
                ),
            ),
            Experts(
                router=("block_sparse_moe.gate", "mlp.gate"), tensors=(MIXTRAL_EXPERTS, FUSED)
            ),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-5,
        "base": 1e6,
        "n_kv_head": 8,
        "n_position": 131072,
        "n_expert": 8,
        "num_experts_per_tok": 2,
    },
    keys={**LLAMA.keys, "layer_types": ()},
)


def qwen_layer_has_experts(layer: Layer) -> bool:
    """Whether a layer has experts: every `decoder_sparse_step`-th one, but `mlp_only_layers`."""
    config = layer.config
    dense = config.get("mlp_only_layers") or []
    if not isinstance(dense, list) or not all(type(index) is int for index in dense):
        raise_invalid("mlp_only_layers", dense, "a list of layers")
    return (
        layer.index not in dense and (layer.index + 1) % config.get_int("decoder_sparse_step") == 0
    )


QWEN_EXPERTS = Experts(
    router=("mlp.gate",),
    normalize="norm_topk_prob",
    tensors=(BY_EXPERT, FUSED),
    in_layer=qwen_layer_has_experts,
)
QWEN2_STACK = QWEN2.stacks["decoder"]
QWEN_MOE_DEFAULTS = {"decoder_sparse_step": 1, "norm_topk_prob": False}
QWEN2_MOE = replace(
    QWEN2,
    name="qwen2_moe",
    features="mixture of experts with a shared one, query/key bias",
    stacks={
        "decoder": with_experts(
            replace(QWEN2_STACK, attention=replace(QWEN2_STACK.attention, bias="qkv_bias")),
            replace(
                QWEN_EXPERTS,
                shared=FeedForward(
                    up="mlp.shared_expert.up_proj",
                    gate="mlp.shared_expert.gate_proj",
                    down="mlp.shared_expert.down_proj",
                    bias=False,
                    d_inner="shared_expert_intermediate_size",
                ),
                shared_gate="mlp.shared_expert_gate",
            ),
        )
    },
    defaults={
        **QWEN2.defaults,
        **QWEN_MOE_DEFAULTS,
        "qkv_bias": True,
        "n_expert": 60,
        "num_experts_per_tok": 4,
        "d_expert": 1408,
        "shared_expert_intermediate_size": 5632,
        "layer_pattern": ("sliding_attention", "full_attention"),
        "window_end": 28,
    },
    keys={
        **QWEN2.keys,
        "d_expert": ("moe_intermediate_size",),
        "max_window_layers": (),
        "window_end": ("max_window_layers",),
    },
)
QWEN3_MOE = replace(
    QWEN3,
    name="qwen3_moe",
    features="mixture of experts, grouped queries, q/k norm",
    stacks={"decoder": with_experts(QWEN3.stacks["decoder"], QWEN_EXPERTS)},
    defaults={
        **{name: value for name, value in QWEN3.defaults.items() if name != "d_head"},
        **QWEN_MOE_DEFAULTS,
        "n_kv_head": 4,
        "n_expert": 128,
        "num_experts_per_tok": 8,
        "d_expert": 768,
        "max_window_layers": 0,
    },
    keys={
        **QWEN3.keys,
        "d_expert": ("moe_intermediate_size",),
        "max_window_layers": (),
        "layer_types": (),
    },
)

OLMOE = replace(
    LLAMA,
    name="olmoe",
    paper="2409.02060",
    features="mixture of experts, q/k norm over all heads",
    stacks={
        "decoder": with_experts(
            replace(
                LLAMA_STACK,
                attention=replace(
                    OLMO2.stacks["decoder"].attention, before="input_layernorm", after=""
                ),
            ),
            replace(QWEN_EXPERTS, in_layer=lambda layer: True),
        )
    },
    defaults={
        **LLAMA.defaults,
        "eps": 1e-5,
        "n_position": 4096,
        "n_expert": 64,
        "num_experts_per_tok": 8,
        "norm_topk_prob": False,
    },
    allowed_values={"clip_qkv": (None,)},
)


def phimoe_position(layer: Layer) -> Position:
    """RoPE, or LongRoPE with one attention factor for short and long texts."""
    values = rope_settings(layer)
    if values["rope_type"] == "default":
        return build_rope(values, layer.config)
    if values["rope_type"] != "longrope":
        raise InvalidInputError(
            f"config.json: rope_type = {format_value(values['rope_type'])} is not supported for "
            "phimoe; supported: default, longrope"
        )
    short, long = values.get("short_mscale"), values.get("long_mscale")
    if short is None or short != long:
        raise_invalid("short_mscale", short, f"equal to long_mscale = {format_value(long)}")
    return build_rope({**values, "attention_factor": short}, layer.config)


PHIMOE = replace(
    MIXTRAL,
    name="phimoe",
    paper="2404.14219",
    features="mixture of experts by SparseMixer, layer norm with bias",
    stacks={
        "decoder": replace(
            with_experts(
                LLAMA_STACK,
                Experts(
                    router=("block_sparse_moe.gate", "mlp.router"),
                    routing="sparsemixer",
                    tensors=(MIXTRAL_EXPERTS, FUSED),
                ),
            ),
            norm=Norm(),
            attention=replace(
                LLAMA_STACK.attention, slots=replace(ROPE_SLIDING, position=phimoe_position)
            ),
        )
    },
    defaults={**MIXTRAL.defaults, "n_expert": 16, "router_jitter_noise": 0.01},
    allowed_values={"num_experts_per_tok": (2,)},
    lm_head_bias="lm_head.bias",
)


FAMILIES = (MIXTRAL, QWEN2_MOE, QWEN3_MOE, OLMOE, PHIMOE)
