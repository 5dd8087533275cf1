"""Relative positions: distance biases, relative keys, disentangled terms, forget gates."""

from __future__ import annotations

from attnviz.core.biases import Alibi
from attnviz.core.biases.forget_gate import ForgetGate
from attnviz.core.biases.relative_distance import (
    Fire,
    KerpleLog,
    KerplePower,
    LogCpb,
    Sandwich,
)
from attnviz.core.biases.t5_buckets import T5Buckets
from attnviz.core.masks import Causal
from attnviz.core.scales import Unscaled
from attnviz.core.scales.fixed import RootSumDim
from attnviz.core.scores.disentangled import Disentangled
from attnviz.core.scores.relative_position import RelativeKeys, TransformerXL, Tupe
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="alibi",
        aliases=("linear-biases",),
        group="positions",
        summary="linear distance penalty, one slope per head",
        formula="softmax(QKᵀ/√d − m(i−j))V, m = 2^(−8(h+1)/heads)",
        paper="2108.12409",
        purpose="Generalizes to texts longer than those in training.",
        bias=(Alibi(),),
        mask=Causal(),
    ),
    Variant(
        name="t5",
        aliases=("relative-buckets", "t5-bias", "relative-position-bias"),
        group="positions",
        summary="a learned bias per head and distance bucket",
        formula="softmax(QKᵀ + bₕ[bucket(j−i)])V, no 1/√d",
        paper="1910.10683",
        purpose="T5's relative position bias: logarithmic buckets, any length.",
        scale=Unscaled(),
        bias=(T5Buckets(),),
    ),
    Variant(
        name="kerple-log",
        aliases=("kerple",),
        group="positions",
        summary="logarithmic distance penalty with learned scale and rate",
        formula="softmax(QKᵀ/√d − r₁log(1+r₂|i−j|))V",
        paper="2205.09921",
        purpose="A learned ALiBi that decays more slowly at long distances.",
        bias=(KerpleLog(),),
        mask=Causal(),
    ),
    Variant(
        name="kerple-power",
        group="positions",
        summary="distance penalty with learned scale and exponent",
        formula="softmax(QKᵀ/√d − r₁|i−j|^r₂)V",
        paper="2205.09921",
        purpose="Generalizes ALiBi's linear penalty to exponents between 0 and 2.",
        bias=(KerplePower(),),
        mask=Causal(),
    ),
    Variant(
        name="fire",
        group="positions",
        summary="distance relative to the query position, through a small MLP",
        formula="softmax(QKᵀ/√d + f(ψ(i−j)/ψ(max(L,i))))V, ψ(x) = log(cx+1)",
        paper="2310.04418",
        purpose="Maps the distances of long texts onto the range of training.",
        cost="n² (d + hidden)",
        bias=(Fire(),),
        mask=Causal(),
    ),
    Variant(
        name="sandwich",
        group="positions",
        summary="bias: dot product of the sinusoidal encodings of both positions",
        formula="softmax(QKᵀ/√d + Σₜcos((i−j)ωₜ)/rₕ)V, rₕ = 8(h+1)/heads",
        paper="2212.10356",
        purpose="Decays with distance like ALiBi, without learned parameters.",
        simplified="waves counted from t = 0; references differ (0 to 63, or 1 to 64)",
        bias=(Sandwich(),),
        mask=Causal(),
    ),
    Variant(
        # The paper has the two coordinates of an image; a text has one.
        name="log-cpb",
        aliases=("log-distance",),
        group="positions",
        summary="signed log distance through a small MLP (continuous position bias)",
        formula="softmax(QKᵀ/√d + 16σ(f(x)))V, x = sign(j−i)log₂(1+8|j−i|/D)/3, D = max_distance",
        paper="2111.09883",
        purpose="Transfers to window sizes other than those in training.",
        simplified="one coordinate, in the paper the two of an image",
        cost="n² (d + hidden)",
        bias=(LogCpb(),),
    ),
    Variant(
        name="shaw",
        aliases=("relative", "relative-position", "relative-positions"),
        group="positions",
        summary="a learned vector per relative distance, added to the key",
        formula="softmax(q·(k+a_{clip(j−i)})/√d)V",
        paper="1803.02155",
        purpose="The first relative position encoding for Transformers.",
        simplified="without the relative vectors that the paper adds to the values",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        score=RelativeKeys(),
    ),
    Variant(
        name="transformer-xl",
        group="positions",
        summary="content and relative-position terms, each with a learned query bias",
        formula="softmax(((q+u)·k+(q+v)·Wr_{i−j})/√d)V",
        paper="1901.02860",
        purpose="Context beyond one segment, which needs relative positions.",
        score=TransformerXL(),
        mask=Causal(),
    ),
    Variant(
        name="tupe",
        aliases=("untied",),
        group="positions",
        summary="content and positions compared by separate projections, then added",
        formula="softmax((q·k + (Uₚpᵢ)·(Uₖpⱼ))/√(2d))V, one number each for row and column 0",
        paper="2006.15595",
        purpose="Does not mix word and position embeddings before the comparison.",
        simplified="without the layer norm of the position vectors",
        score=Tupe(),
        scale=RootSumDim(),
    ),
    Variant(
        name="deberta",
        aliases=("disentangled",),
        group="positions",
        summary="content-to-content, content-to-position and position-to-content terms",
        formula="softmax((q·k + q·p_{i−j} + k·r_{i−j})/√(3d))V",
        paper="2006.03654",
        purpose="Separates what a token is from how far away it is.",
        score=Disentangled(max_distance=16),
        scale=RootSumDim(products=3),
    ),
    Variant(
        name="forgetting",
        aliases=("fox", "forgetting-transformer"),
        group="positions",
        summary="a data-dependent forget gate per token between key and query",
        formula="softmax(QKᵀ/√d + Σ_{j<l≤i} log fₗ)V, f = σ(wᵀx+b)",
        paper="2503.02130",
        purpose="Brings the forget gate of recurrent networks to softmax attention.",
        bias=(ForgetGate(),),
        mask=Causal(),
    ),
)
