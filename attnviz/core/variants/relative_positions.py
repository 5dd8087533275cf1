"""Distances: scores that know how far apart query and key are."""

from __future__ import annotations

from attnviz.core.biases import Alibi
from attnviz.core.biases.forget_gate import Forgetting
from attnviz.core.biases.relative_distance import (
    Fire,
    KerpleLog,
    KerplePower,
    LogDistance,
    Sandwich,
)
from attnviz.core.biases.t5_buckets import RelativeBuckets
from attnviz.core.masks import Causal
from attnviz.core.scales import Unscaled
from attnviz.core.scales.fixed import RootShared
from attnviz.core.scores.disentangled import Disentangled
from attnviz.core.scores.relative_position import RelativeKeys, TransformerXL, Untied
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="alibi",
        group="positions",
        summary="distance costs score, each head has its own price",
        formula="softmax(QKᵀ/√d − m(i−j))V, m = 2^(−8(h+1)/heads)",
        paper="2108.12409",
        purpose="Train on short texts, read long ones.",
        bias=(Alibi(),),
        mask=Causal(),
    ),
    Variant(
        name="t5",
        aliases=("relative-buckets",),
        group="positions",
        summary="each head learns what a distance is worth; far ones share a bucket",
        formula="softmax(QKᵀ + bₕ[bucket(j−i)])V, no 1/√d",
        paper="1910.10683",
        purpose="T5's way: one small table for all layers, any length.",
        scale=Unscaled(),
        bias=(RelativeBuckets(),),
    ),
    Variant(
        name="kerple-log",
        aliases=("kerple",),
        group="positions",
        summary="distance costs its logarithm, at a learned price and pace",
        formula="softmax(QKᵀ/√d − r₁log(1+r₂|i−j|))V",
        paper="2205.09921",
        purpose="A learned ALiBi whose far past fades more slowly.",
        bias=(KerpleLog(),),
        mask=Causal(),
    ),
    Variant(
        name="kerple-power",
        group="positions",
        summary="distance costs a learned power of itself",
        formula="softmax(QKᵀ/√d − r₁|i−j|^r₂)V",
        paper="2205.09921",
        purpose="From ALiBi's straight line to anything between flat and square.",
        bias=(KerplePower(),),
        mask=Causal(),
    ),
    Variant(
        name="fire",
        group="positions",
        summary="distance as a share of what could be seen, through a small network",
        formula="softmax(QKᵀ/√d + f(ψ(i−j)/ψ(max(L,i))))V, ψ(x) = log(cx+1)",
        paper="2310.04418",
        purpose="Long texts are mapped onto the range that was learned on short ones.",
        cost="n² (d + hidden)",
        bias=(Fire(),),
        mask=Causal(),
    ),
    Variant(
        name="sandwich",
        group="positions",
        summary="how alike two sinusoids are, added to the score",
        formula="softmax(QKᵀ/√d + Σₜcos((i−j)ωₜ)/rₕ)V, rₕ = 8(h+1)/heads",
        paper="2212.10356",
        purpose="ALiBi's fading out of nothing but the first transformer's sinusoids.",
        bias=(Sandwich(),),
        mask=Causal(),
    ),
    Variant(
        # The paper's coordinates are the two of a picture; a text has one.
        name="log-cpb",
        aliases=("log-distance",),
        group="positions",
        summary="the logarithm of the distance, with its sign, through a small network",
        formula="softmax(QKᵀ/√d + f(sign(j−i)log(1+|j−i|)))V",
        paper="2111.09883",
        purpose="Windows of another size than in training need no new table.",
        cost="n² (d + hidden)",
        bias=(LogDistance(),),
    ),
    Variant(
        name="shaw",
        aliases=("relative",),
        group="positions",
        summary="a learned vector for each step of distance is added to the key",
        formula="softmax(q·(k+a_{clip(j−i)})/√d)V",
        paper="1803.02155",
        purpose="The first relative positions: how far, rather than where.",
        score=RelativeKeys(),
    ),
    Variant(
        name="transformer-xl",
        group="positions",
        summary="words and distances are compared with the query, and with a learned stand-in",
        formula="softmax(((q+u)·k+(q+v)·Wr_{i−j})/√d)V",
        paper="1901.02860",
        purpose="Text beyond one segment: positions must mean the same in the next.",
        score=TransformerXL(),
        mask=Causal(),
    ),
    Variant(
        name="tupe",
        aliases=("untied",),
        group="positions",
        summary="words look at words, positions at positions, and both are added",
        formula="softmax((q·k + (Uₚpᵢ)·(Uₖpⱼ))/√(2d))V",
        paper="2006.15595",
        purpose="Word and place are not mixed before they are compared.",
        score=Untied(),
        scale=RootShared(),
    ),
    Variant(
        name="deberta",
        aliases=("disentangled",),
        group="positions",
        summary="words look at words, words at distances, and distances at words",
        formula="softmax((q·k + q·p_{i−j} + k·r_{i−j})/√(3d))V",
        paper="2006.03654",
        purpose="What a word is and how far away it stands are kept apart.",
        score=Disentangled(farthest=16),
        scale=RootShared(products=3),
    ),
    Variant(
        name="forgetting",
        aliases=("fox",),
        group="positions",
        summary="each token may make all that came before it fade",
        formula="softmax(QKᵀ/√d + Σ_{j<l≤i} log fₗ)V, f = σ(wᵀx+b)",
        paper="2503.02130",
        purpose="A recurrent network's forget gate, brought to softmax attention.",
        bias=(Forgetting(),),
        mask=Causal(),
    ),
)
