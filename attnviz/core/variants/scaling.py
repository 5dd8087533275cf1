"""Scaling: what happens to scores between the comparison and the normalizer."""

from __future__ import annotations

from attnviz.core.biases import SoftCap, Temperature
from attnviz.core.biases.gumbel_noise import GumbelNoise
from attnviz.core.masks import Causal
from attnviz.core.normalizers.adaptive import ScalableSoftmax
from attnviz.core.scales.fixed import GrowingScale, InverseWidth
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="mup",
        aliases=("inverse-width",),
        group="scaling",
        summary="the dot product divided by d, not by its root",
        formula="softmax(QKᵀ/d)V",
        paper="2203.03466",
        purpose="Settings found on a narrow model hold for a wide one.",
        scale=InverseWidth(),
    ),
    Variant(
        name="temperature",
        group="scaling",
        summary="sharper below 1, flatter above",
        formula="softmax(QKᵀ/(τ√d))V",
        paper="1503.02531",
        purpose="One number from the mean of everything to the best key alone.",
        bias=(Temperature(temperature=0.5),),
    ),
    Variant(
        name="softcap",
        aliases=("gemma-2",),
        group="scaling",
        summary="no score can grow beyond a cap, and none is cut",
        formula="softmax(c tanh(QKᵀ/(c√d)))V, c = cap",
        paper="2408.00118",
        purpose="Keeps training steady; ten times the score is never ten times as sharp.",
        bias=(SoftCap(cap=50.0),),
    ),
    Variant(
        name="scalable-softmax",
        aliases=("ssmax", "log-n"),
        group="scaling",
        summary="softmax whose base is the number of keys: it does not fade in long texts",
        formula="softmax(s log(n) QKᵀ/√d)V, n the keys that the row sees",
        paper="2501.19399",
        purpose="Softmax flattens as keys are added; this keeps the best key in front.",
        mask=Causal(),
        normalize=ScalableSoftmax(),
    ),
    Variant(
        name="growing-temperature",
        aliases=("llama-4-temperature",),
        group="scaling",
        summary="late queries look more sharply, step by step",
        formula="softmax((1 + c log(⌊(i+1)/f⌋+1)) QKᵀ/√d)V, c = growth, f = floor",
        paper="Llama 4, 2025",
        purpose="Layers without positions keep their focus in very long texts.",
        mask=Causal(),
        scale=GrowingScale(),
    ),
    Variant(
        name="gumbel",
        aliases=("gumbel-softmax",),
        group="scaling",
        summary="scores are shaken before softmax: keys are drawn, nearly one at a time",
        formula="softmax((QKᵀ/√d + g)/τ)V, g Gumbel noise",
        paper="1611.01144",
        purpose="A draw that gradients can pass through: between soft and hard attention.",
        bias=(GumbelNoise(), Temperature(temperature=0.5)),
    ),
)
