"""Monotonic attention and moving windows: alignments that move from left to right."""

from __future__ import annotations

from attnviz.core.mixers.gaussian_windows import GaussianMixture, GravesWindow
from attnviz.core.normalizers.monotonic import Monotonic
from attnviz.core.normalizers.ntm_addressing import NtmAddressing
from attnviz.core.normalizers.stepwise import ForwardAttention, StepwiseMonotonic
from attnviz.core.scales import Unscaled
from attnviz.core.scores.cosine import Cosine
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="monotonic",
        aliases=("expected-monotonic",),
        group="monotonic",
        summary="each query scans on from the previous stop; shown: the expectation",
        formula="α_ij = p_ij Σ_{k≤j} α_{i−1,k} Π_{k≤l<j}(1−p_il), p = σ(QKᵀ/√d + b)",
        paper="1704.00784",
        purpose="Online decoding: keys that were passed are never attended to again.",
        reference=(
            "facebookresearch/fairseq: "
            "examples/simultaneous_translation/utils/monotonic_attention.py"
        ),
        normalize=Monotonic(),
    ),
    Variant(
        name="mocha",
        aliases=("monotonic-chunkwise",),
        group="monotonic",
        summary="monotonic stop, then softmax over a chunk of keys that ends there",
        formula="β_ij = Σ_{k≥j} α_ik softmax over (k−w, k] of u_i, α monotonic",
        paper="1712.05382",
        purpose="Online decoding with some local reordering.",
        normalize=Monotonic(chunk=3),
    ),
    Variant(
        name="milk",
        aliases=("infinite-lookback",),
        group="monotonic",
        summary="monotonic stop, then softmax over all keys up to there",
        formula="β_ij = Σ_{k≥j} α_ik softmax over l ≤ k of u_i, α monotonic",
        paper="1906.05218, 1909.12406",
        purpose="Simultaneous translation: wait for enough input, then use all of it.",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        cost="n² (d + n)",
        normalize=Monotonic(chunk=0),
    ),
    Variant(
        name="stepwise",
        aliases=("stepwise-monotonic",),
        group="monotonic",
        summary="the alignment stays on a key, or moves on by one",
        formula="α_ij = α_{i−1,j} p_ij + α_{i−1,j−1}(1−p_{i,j−1}), p = σ(QKᵀ/√d)",
        paper="1906.00672",
        purpose="Speech synthesis that neither skips nor repeats a sound.",
        normalize=StepwiseMonotonic(),
    ),
    Variant(
        name="forward",
        aliases=("forward-attention",),
        group="monotonic",
        summary="softmax times the previous alignment, unmoved and moved by one key",
        formula="α_ij ∝ (α_{i−1,j} + α_{i−1,j−1}) softmax(QKᵀ/√d)_ij",
        paper="1807.06736",
        purpose="A monotonic alignment with ordinary training.",
        simplified="without the transition agent",
        normalize=ForwardAttention(),
    ),
    Variant(
        name="graves",
        aliases=("moving-window",),
        group="monotonic",
        summary="Gaussian windows over positions, moved by the query",
        formula="Σ_m α exp(−β(κ_im−j)²), κᵢ = κᵢ₋₁ + exp(Wqᵢ)",
        paper="1308.0850",
        purpose="The first soft window: handwriting synthesis that follows a text.",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        cost="n² mixtures",
        mixer=GravesWindow(),
    ),
    Variant(
        name="gmm",
        aliases=("gmm-v2",),
        group="monotonic",
        summary="normalized Gaussian mixture over positions, moved by the query",
        formula="Σ_m w_m N(j; μ_im, σ²), μᵢ = μᵢ₋₁ + softplus(Wqᵢ)",
        paper="1910.10288",
        purpose="Speech synthesis of any length: uses positions, not content.",
        simplified="one matrix each in place of a two-layer network",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        cost="n² mixtures",
        mixer=GaussianMixture(),
    ),
    Variant(
        name="ntm",
        aliases=("neural-turing-machine", "addressing"),
        group="monotonic",
        summary="content weights, interpolated with the last ones, shifted, sharpened",
        formula="content softmax(β cos) → gate with wᵢ₋₁ → shift by −1, 0, 1 → sharpen w^ρ",
        paper="1410.5401",
        purpose="Reads a memory by content, or by moving on from the last position.",
        simplified="the row before the first is uniform; the paper learns it",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        score=Cosine(),
        scale=Unscaled(),
        normalize=NtmAddressing(),
    ),
)
