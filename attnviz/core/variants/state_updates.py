"""Recurrences that rewrite their state: products of steps, least squares, memory slots."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.mixers.householder_steps import DeltaProduct, Rwkv7
from attnviz.core.mixers.least_squares import Mesa
from attnviz.core.mixers.slot_memory import BoundedSlots, GatedSlots
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="delta-product",
        aliases=("deltaproduct",),
        group="recurrent",
        summary="several steps of the delta rule per token, each with a key of its own",
        formula="S ← (I − βₜₘkₜₘkₜₘᵀ)S + βₜₘkₜₘvₜᵀ for m = 1 … householders; oₜ = Sᵀqₜ",
        paper="2502.10297",
        purpose="Transitions that one Householder step cannot do, such as rotations.",
        reference="fla-org/flash-linear-attention: fla/ops/gated_delta_product/naive.py",
        simplified="one value per token for all its steps; without short convolutions and gates",
        cost="n · householders · d² as a recurrence",
        mask=Causal(),
        mixer=DeltaProduct(),
        context="refused",
    ),
    Variant(
        name="rwkv-7",
        aliases=("rwkv7", "goose"),
        group="recurrent",
        summary="decay per channel, and a delta rule with learning rates per channel",
        formula="Sₜ = (Diag(wₜ) − (aₜ∘κₜ)κₜᵀ)Sₜ₋₁ + k̃ₜvₜᵀ, oₜ = Sₜᵀrₜ + (rₜ∘ρ)·k̃ₜ vₜ",
        paper="2503.14456",
        purpose="A recurrent network that removes what it replaces, in constant memory.",
        used_by=("RWKV-7",),
        reference="BlinkDL/RWKV-LM: RWKV-v7/rwkv_v7_demo.py",
        simplified="no mix with the previous token or first layer's values; no norm, no gate",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=Rwkv7(),
        context="refused",
    ),
    Variant(
        name="mesa",
        aliases=("mesanet",),
        group="recurrent",
        summary="regularized least squares over the past keys and values, solved per query",
        formula="A_ij = qᵢᵀ(Hᵢ + Λ)⁻¹kⱼ βⱼ Π_{j<l≤i} γₗ, Hₜ = γₜHₜ₋₁ + βₜkₜkₜᵀ",
        paper="2506.05233",
        purpose="The best linear map from past keys to values, not one step towards it.",
        reference="fla-org/flash-linear-attention: fla/ops/mesa_net/naive.py",
        simplified="solved exactly; without short convolutions and norm of the output",
        cost="n · steps · d² as a recurrence",
        mask=Causal(),
        mixer=Mesa(),
        context="refused",
    ),
    Variant(
        name="gated-slots",
        aliases=("gsa", "gated-slot"),
        group="recurrent",
        summary="attention to a few memory slots, each with a forget gate",
        formula="A_ij = Σ_m softmax_m(qᵢ·K̃ᵢₘ)(1−α_jm) Π_{j<l≤i} α_lm, K̃ᵢₘ the slot's key",
        paper="2409.07146",
        purpose="Softmax reads from a state of fixed size that can forget.",
        reference="fla-org/flash-linear-attention: fla/ops/gsa/naive.py",
        simplified="4 slots by default; without norm of the output",
        cost="n · slots · d as a recurrence",
        mask=Causal(),
        mixer=GatedSlots(),
        context="refused",
    ),
    Variant(
        name="bounded-memory",
        aliases=("abc",),
        group="recurrent",
        summary="attention to a few memory slots, each a softmax over the past (ABC)",
        formula="A_ij = Σ_m softmax_m(qᵢ·K̃ᵢₘ/√d) softmaxⱼ(w_m·xⱼ), K̃ᵢₘ the slot's key",
        paper="2110.02488",
        purpose="One view of Linformer, pooled and clustered memories: a learned control.",
        reference="fla-org/flash-linear-attention: fla/ops/abc/naive.py",
        simplified="4 slots by default; without norm and gate of the output",
        cost="n · slots · d as a recurrence",
        mask=Causal(),
        mixer=BoundedSlots(),
        context="refused",
    ),
)
