"""Layer plans: mechanisms that alternate by layer, as released models have them.

The layers of a plan are named after what they are in it; their texts are those of the plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnviz.core.masks import Causal, Window
from attnviz.core.masks.local import SameBlock
from attnviz.core.mixers.delta_rule import DeltaRule
from attnviz.core.normalizers.output_gate import GatedSoftmax
from attnviz.core.positions import Rope
from attnviz.core.scales import Unscaled
from attnviz.core.scales.fixed import TemperatureTuning
from attnviz.core.scores.latent_mla import MultiHeadLatent
from attnviz.core.scores.qk_norm import QueryKeyNorm
from attnviz.core.variant import Variant


def layer(name: str, **parts: Any) -> Variant:
    """One causal mechanism of a plan."""
    return Variant(name=name, summary="", formula="", **{"mask": Causal(), **parts})


WINDOW = layer("sliding-window", position=Rope(), mask=Causal() & Window(window=4))
FULL_NOPE = layer("full")
GEMMA_LOCAL = layer(
    "sliding-window",
    position=Rope(),
    score=QueryKeyNorm(norm="rms"),
    mask=Causal() & Window(window=4),
)
GEMMA_GLOBAL = layer("full", position=Rope(base=1e6), score=QueryKeyNorm(norm="rms"))
CHUNKED = layer(
    "chunked", position=Rope(), score=QueryKeyNorm(norm="rms"), mask=Causal() & SameBlock()
)
FULL_TEMPERED = layer("full", scale=TemperatureTuning())
GATED_DELTA = layer("gated-delta", mixer=DeltaRule(gate="head"), context="refused")
GATED = layer("gated", position=Rope(), score=QueryKeyNorm(norm="rms"), normalize=GatedSoftmax())
KDA = layer("kda", mixer=DeltaRule(gate="channel"), context="refused")
LATENT_NOPE = layer(
    "latent-nope",
    score=MultiHeadLatent(query_latent_dim=0, rotated=False),
    scale=Unscaled(),
)


def layer_plan(*layers: Variant, **texts: Any) -> Variant:
    """A row whose layers have these mechanisms in turn, repeated over the depth.

    `texts` are the fields that describe it, name, summary and formula among them.
    """
    refuses = any(layer.context == "refused" for layer in layers)
    context = "refused" if refuses else layers[0].context
    plan: Variant = replace(layers[0], layers=layers, context=context, **texts)
    return plan


ROWS = (
    layer_plan(
        *(FULL_NOPE, WINDOW, WINDOW, WINDOW),
        name="swan",
        aliases=("swan-gpt",),
        group="layers",
        summary="a layer over the whole text without positions, then three windows with RoPE",
        formula="softmax(QKᵀ/√d)V over j ≤ i in layers 0, 4, 8 …; RoPE and a window in the others",
        paper="2504.08719",
        purpose="Longer texts than in training: near positions rotate, far ones are only ordered.",
        unconfirmed="the abstract states the two kinds; their ratio and order are from memory",
        simplified="without the scaling of scores for texts longer than in training",
        cost="n² d in one of four layers, n · window · d in the others",
    ),
    layer_plan(
        *(GEMMA_LOCAL,) * 5,
        GEMMA_GLOBAL,
        name="gemma-3",
        group="layers",
        summary="five layers with a sliding window, then one over the whole text",
        formula="softmax(rms(q)·rms(k)/√d)V over a window, base 10⁴; each sixth layer j ≤ i, 10⁶",
        paper="2503.19786",
        purpose="A smaller KV cache: only one of six layers stores the keys of the whole text.",
        used_by=("Gemma 3",),
        reference=(
            "huggingface/transformers: src/transformers/models/gemma3/configuration_gemma3.py"
        ),
        simplified="the learned gains of the norms are 1, as before training; one head by default",
        cost="n² d in one of six layers, n · window · d in the others",
    ),
    layer_plan(
        *(CHUNKED,) * 3,
        FULL_TEMPERED,
        name="llama-4",
        aliases=("irope",),
        group="layers",
        summary="three layers in chunks with RoPE, then one over the whole text without positions",
        formula="softmax(rms(q)·rms(k)/√d)V in chunks, RoPE; each fourth layer c(i)QKᵀ/√d, j ≤ i",
        paper="Llama 4, 2025",
        purpose="Contexts of millions of tokens: positions only within chunks.",
        used_by=("Llama 4",),
        reference=(
            "huggingface/transformers: src/transformers/models/llama4/configuration_llama4.py"
        ),
        simplified="one head by default",
        cost="n² d in one of four layers, n · block · d in the others",
    ),
    layer_plan(
        *(GATED_DELTA,) * 3,
        GATED,
        name="qwen3-next",
        group="layers",
        summary="three layers of the gated delta rule, then one of gated attention",
        formula="gated-delta; each fourth layer σ(wᵀxᵢ) softmax(rms(q)·rms(k)/√d)V with RoPE",
        paper="Qwen3-Next, 2025",
        purpose="Most layers run in constant memory; each fourth finds single tokens exactly.",
        used_by=("Qwen3-Next",),
        reference=(
            "huggingface/transformers: "
            "src/transformers/models/qwen3_next/configuration_qwen3_next.py"
        ),
        simplified="one gate per head, in the model per channel; RoPE on all pairs, not a quarter",
        cost="n² d in one of four layers, n d² as a recurrence in the others",
    ),
    layer_plan(
        *(KDA,) * 3,
        LATENT_NOPE,
        name="kimi-hybrid",
        group="layers",
        summary="three layers of Kimi delta attention, then one of latent attention without RoPE",
        formula="kda; each fourth layer latent-nope",
        paper="2510.26692",
        purpose="The layers of Kimi Linear: the delta rule carries positions for all.",
        used_by=("Kimi Linear",),
        reference="MoonshotAI/Kimi-Linear: README.md",
        simplified="see kda and latent-nope; one head by default",
        cost="n² d in one of four layers, n d² as a recurrence in the others",
    ),
)
