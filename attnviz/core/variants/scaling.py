"""Scaling of scores: μP, temperature, soft cap, scalable softmax, Gumbel noise."""

from __future__ import annotations

from attnviz.core.biases import SoftCap, Temperature
from attnviz.core.biases.gumbel_noise import GumbelNoise
from attnviz.core.masks import Causal
from attnviz.core.normalizers.adaptive import ScalableSoftmax
from attnviz.core.scales.fixed import InverseDim, TemperatureTuning
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="mup",
        aliases=("inverse-width",),
        group="scaling",
        summary="dot product divided by d in place of √d (μP)",
        formula="softmax(QKᵀ/d)V",
        paper="2203.03466",
        purpose="Hyperparameters found on a narrow model hold for a wide one.",
        scale=InverseDim(),
    ),
    Variant(
        name="temperature",
        group="scaling",
        summary="softmax temperature: below 1 sharper, above 1 flatter",
        formula="softmax(QKᵀ/(τ√d))V",
        paper="1503.02531",
        purpose="From the uniform row (high) to the argmax (low).",
        bias=(Temperature(temperature=0.5),),
    ),
    Variant(
        name="softcap",
        aliases=("gemma-2",),
        group="scaling",
        summary="scores capped by c · tanh(score / c)",
        formula="softmax(c tanh(QKᵀ/(c√d)))V, c = cap",
        paper="2408.00118",
        purpose="Stabilizes training: scores are bounded, and none is cut off.",
        reference="huggingface/transformers: src/transformers/models/gemma2/modeling_gemma2.py",
        used_by=("Gemma 2", "Grok-1"),
        bias=(SoftCap(cap=50.0),),
    ),
    Variant(
        name="scalable-softmax",
        aliases=("ssmax", "log-n"),
        group="scaling",
        summary="softmax with the number of keys as its base (SSMax)",
        formula="softmax(s log(n) QKᵀ/√d)V, n visible keys",
        paper="2501.19399",
        purpose="Keeps weights from flattening as keys are added.",
        simplified="s starts at 0.43, the paper's value for a fixed s",
        mask=Causal(),
        normalize=ScalableSoftmax(),
    ),
    Variant(
        name="growing-temperature",
        aliases=("llama-4-temperature",),
        group="scaling",
        summary="scores scaled by the logarithm of the query position, in steps",
        formula="softmax((1 + c log(⌊(i+1)/f⌋+1)) QKᵀ/√d)V, c = attn_scale, f = floor_scale",
        paper="Llama 4, 2025",
        purpose="Keeps layers without position encoding sharp in very long texts.",
        reference="huggingface/transformers: src/transformers/models/llama4/modeling_llama4.py",
        used_by=("Llama 4",),
        mask=Causal(),
        scale=TemperatureTuning(),
    ),
    Variant(
        name="gumbel",
        aliases=("gumbel-softmax",),
        group="scaling",
        summary="Gumbel noise added to the scores, then softmax at low temperature",
        formula="softmax((QKᵀ/√d + g)/τ)V, g Gumbel noise",
        paper="1611.01144",
        purpose="A differentiable sample of a key, between soft and hard attention.",
        bias=(GumbelNoise(), Temperature(temperature=0.5)),
    ),
)
