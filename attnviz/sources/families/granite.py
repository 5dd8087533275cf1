"""Granite: Llama's layers with multipliers of embeddings, scores and residual branches."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.scales import Factor, Scale
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.llama_like import LLAMA, ROPE_CAUSAL
from attnviz.sources.families.mixture_of_experts import with_experts
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import Experts, ExpertTensors


def attention_multiplier_scale(layer: Layer) -> Scale:
    """Granite's scale of scores, a number of the config in place of 1/√d."""
    return Factor(scale=layer.config.get_float("attention_multiplier"))


def granite_logit_scale(config: Config) -> float:
    """The factor of logits, which are divided by a number of the config."""
    return 1 / config.get_float("logits_scaling")


LLAMA_STACK = LLAMA.stacks["decoder"]
GRANITE_STACK = replace(
    LLAMA_STACK,
    embedding=replace(LLAMA_STACK.embedding, multiplier="embedding_multiplier"),
    attention=replace(
        LLAMA_STACK.attention, slots=replace(ROPE_CAUSAL, scale=attention_multiplier_scale)
    ),
    residual_multiplier="residual_multiplier",
)
GRANITE = replace(
    LLAMA,
    name="granite",
    paper="IBM Granite Team 2024",
    features="RoPE, grouped queries, multipliers of scores and residuals",
    stacks={"decoder": GRANITE_STACK},
    defaults={
        **LLAMA.defaults,
        "embedding_multiplier": 1.0,
        "residual_multiplier": 1.0,
        "attention_multiplier": 1.0,
        "logits_scaling": 1.0,
    },
    logit_scale=granite_logit_scale,
)
GRANITE_MOE = replace(
    GRANITE,
    name="granitemoe",
    features="mixture of experts, multipliers of scores and residuals",
    stacks={
        "decoder": with_experts(
            GRANITE_STACK,
            Experts(
                router=("block_sparse_moe.router.layer", "block_sparse_moe.router"),
                tensors=(
                    ExpertTensors(
                        up="block_sparse_moe.input_linear.weight",
                        down="block_sparse_moe.output_linear.weight",
                    ),
                    ExpertTensors(
                        up="block_sparse_moe.experts.gate_up_proj",
                        down="block_sparse_moe.experts.down_proj",
                    ),
                    ExpertTensors(  # of GGUF files
                        gate="block_sparse_moe.experts.{e}.gate_proj.weight",
                        up="block_sparse_moe.experts.{e}.up_proj.weight",
                        down="block_sparse_moe.experts.{e}.down_proj.weight",
                    ),
                ),
            ),
        )
    },
    defaults={**GRANITE.defaults, "n_expert": 8, "num_experts_per_tok": 2},
)

FAMILIES = (GRANITE, GRANITE_MOE)
