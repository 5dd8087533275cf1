"""Attention that moves from left to right, as speech and its text do."""

from __future__ import annotations

from attnviz.core.mixers.gaussian_windows import Mixture, MovingWindow
from attnviz.core.normalizers.monotonic import Forward, Monotonic, Stepwise
from attnviz.core.normalizers.ntm_addressing import Addressing
from attnviz.core.scales import Unscaled
from attnviz.core.scores.cosine import Cosine
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="monotonic",
        aliases=("expected-monotonic",),
        group="monotonic",
        summary="scans on from where the last query stopped; drawn is the expectation",
        formula="α_ij = p_ij Σ_{k≤j} α_{i−1,k} Π_{k≤l<j}(1−p_il), p = σ(QKᵀ/√d + b)",
        paper="1704.00784",
        purpose="Decodes while it listens: a key that was passed is never looked at again.",
        normalize=Monotonic(),
    ),
    Variant(
        name="mocha",
        aliases=("monotonic-chunkwise",),
        group="monotonic",
        summary="scans on, then looks softly at a few keys before the stop",
        formula="β_ij = Σ_{k≥j} α_ik softmax over (k−w, k] of u_i, α monotonic",
        paper="1712.05382",
        purpose="Monotonic, but with a little freedom to reorder.",
        normalize=Monotonic(chunk=3),
    ),
    Variant(
        name="milk",
        aliases=("infinite-lookback",),
        group="monotonic",
        summary="scans on, then looks softly at everything before the stop",
        formula="β_ij = Σ_{k≥j} α_ik softmax over l ≤ k of u_i, α monotonic",
        paper="1906.05218, 1909.12406",
        purpose="Simultaneous translation: wait for enough, then use all that was heard.",
        cost="n² (d + n)",
        normalize=Monotonic(chunk=0),
    ),
    Variant(
        name="stepwise",
        aliases=("stepwise-monotonic",),
        group="monotonic",
        summary="stays on a key, or moves on by one",
        formula="α_ij = α_{i−1,j} p_ij + α_{i−1,j−1}(1−p_{i,j−1}), p = σ(QKᵀ/√d)",
        paper="1906.00672",
        purpose="Speech synthesis that neither skips nor repeats a sound.",
        normalize=Stepwise(),
    ),
    Variant(
        name="forward",
        aliases=("forward-attention",),
        group="monotonic",
        summary="softmax, kept to where it stood and one key further",
        formula="α_ij ∝ (α_{i−1,j} + α_{i−1,j−1}) softmax(QKᵀ/√d)_ij",
        paper="1807.06736",
        purpose="A monotonic path without a new kind of training.",
        normalize=Forward(),
    ),
    Variant(
        name="graves",
        aliases=("moving-window",),
        group="monotonic",
        summary="bells that move over the text; what stands there is not looked at",
        formula="Σ_m α exp(−β(κ_im−j)²), κᵢ = κᵢ₋₁ + exp(Wqᵢ)",
        paper="1308.0850",
        purpose="The first soft window: handwriting that follows a line of text.",
        cost="n² mixtures",
        whole=MovingWindow(),
    ),
    Variant(
        name="gmm",
        aliases=("gmm-v2",),
        group="monotonic",
        summary="a mixture of Gaussians that moves over the text",
        formula="Σ_m w_m N(j; μ_im, σ²), μᵢ = μᵢ₋₁ + softplus(Wqᵢ)",
        paper="1910.10288",
        purpose="Speech of any length: it knows places, not what stands there.",
        cost="n² mixtures",
        whole=Mixture(),
    ),
    Variant(
        name="ntm",
        aliases=("neural-turing-machine", "addressing"),
        group="monotonic",
        summary="content says a place, a gate keeps the last one, a shift moves it",
        formula="content softmax(β cos) → gate with wᵢ₋₁ → shift by −1, 0, 1 → sharpen w^ρ",
        paper="1410.5401",
        purpose="Reads a memory by what is there or by going on from the last place.",
        score=Cosine(),
        scale=Unscaled(),
        normalize=Addressing(),
    ),
)
