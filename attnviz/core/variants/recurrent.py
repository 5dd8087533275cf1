"""Recurrent mechanisms as attention: retention, gated linear, state space, delta rule."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.mixers.decayed_linear import Hgrn2, LightningAttention
from attnviz.core.mixers.delta_rule import DeltaRule
from attnviz.core.mixers.gated_recurrence import GatedLinear, Mamba2, Rwkv
from attnviz.core.normalizers.retention import Retention
from attnviz.core.positions import Rope
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="retention",
        aliases=("retnet",),
        group="recurrent",
        summary="scores times an exponential decay per head, unnormalized",
        formula="(QKᵀ/√d ∘ D)V, D_ij = γₕ^(i−j) for j ≤ i, γₕ = 1 − 2^(−5−h)",
        paper="2307.08621",
        purpose="Trains in parallel and runs as a recurrence in constant memory.",
        simplified=(
            "without group norm and output gate; torchscale spaces the rotation angles differently"
        ),
        cost="n d² as a recurrence",
        position=Rope(pairs="interleaved"),
        mask=Causal(),
        normalize=Retention(),
        context="refused",
    ),
    Variant(
        name="gla",
        aliases=("gated-linear", "gated-linear-attention"),
        group="recurrent",
        summary="linear attention with a data-dependent forget gate per channel",
        formula="A_ij = Σ_c q_ic k_jc Π_{j<l≤i} α_lc, α = σ(WUx+b)^(1/τ)",
        paper="2312.06635",
        purpose="Linear attention that can clear its state, depending on the input.",
        simplified="without output gate and group norm",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=GatedLinear(),
        context="refused",
    ),
    Variant(
        name="rwkv",
        aliases=("rwkv-6",),
        group="recurrent",
        summary="linear recurrence with decay per channel, and a bonus for the current token",
        formula="A_ij = Σ_c r_ic k_jc Π_{j<l<i} w_lc, A_ii = Σ_c r_ic u_c k_ic",
        paper="2404.05892",
        purpose="A recurrent network that trains in parallel and generates in constant memory.",
        simplified=(
            "inputs are not mixed with the previous token; without group norm and output gate"
        ),
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=Rwkv(),
        context="refused",
    ),
    Variant(
        name="mamba-2",
        aliases=("ssd", "state-space", "mamba", "mamba2", "state-space-model"),
        group="recurrent",
        summary="selective state space model, written as masked linear attention",
        formula="(silu(Q)silu(K)ᵀ ∘ L)ΔV + DV, L_ij = Π_{j<l≤i} exp(−rate Δₗ), Δ = softplus(wx+b)",
        paper="2405.21060",
        purpose="Shows the duality of state space models and linear attention.",
        simplified=(
            "without short convolution and output gate; B and C per head, in the paper shared"
        ),
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=Mamba2(),
        context="refused",
    ),
    Variant(
        name="delta",
        aliases=("deltanet", "delta-rule"),
        group="recurrent",
        summary="delta rule: writes the difference to the value stored for the key",
        formula="tril(QKᵀ)(I + tril(diag(β)KKᵀ, −1))⁻¹diag(β)V",
        paper="2406.06484, 2102.11174",
        purpose="Replaces the value of a key instead of adding to it.",
        simplified=(
            "without short convolutions; kernels multiply queries by d^−½, the papers do not"
        ),
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=DeltaRule(),
        context="refused",
    ),
    Variant(
        name="gated-delta",
        aliases=("gated-deltanet",),
        group="recurrent",
        summary="delta rule with a decay gate per head",
        formula="Sₜ = αₜ(I − βₜkₜkₜᵀ)Sₜ₋₁ + βₜkₜvₜᵀ, oₜ = Sₜᵀqₜ",
        paper="2412.06464",
        purpose="Clears the whole state fast, or one entry exactly.",
        simplified="without short convolutions and output gate; kernels multiply queries by d^−½",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=DeltaRule(gate="head"),
        context="refused",
    ),
    Variant(
        name="kda",
        aliases=("kimi-delta", "kimi-linear"),
        group="recurrent",
        summary="delta rule with a decay gate per channel",
        formula="Sₜ = (I − βₜkₜkₜᵀ)Diag(αₜ)Sₜ₋₁ + βₜkₜvₜᵀ, oₜ = Sₜᵀqₜ",
        paper="2510.26692",
        purpose="Finer forgetting than one gate per head, at nearly the same cost.",
        simplified="without short convolutions and output gate; kernels multiply queries by d^−½",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=DeltaRule(gate="channel"),
        context="refused",
    ),
    Variant(
        name="lightning",
        aliases=("lightning-attention", "minimax-01"),
        group="recurrent",
        summary="unnormalized linear attention with a fixed decay per head",
        formula="(silu(Q)silu(K)ᵀ ∘ D)V, D_ij = λₕ^(i−j) for j ≤ i, λₕ = exp(−ALiBi slope)",
        paper="2401.04658, 2501.08313",
        purpose="Linear attention in tiles; seven of eight layers of MiniMax-01.",
        reference="OpenNLPLab/lightning-attention: examples/module/tnl_attn.py",
        simplified="the same slopes in all layers; without SiLU of values, norm and output gate",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=LightningAttention(),
        context="refused",
    ),
    Variant(
        name="hgrn2",
        aliases=("gated-linear-rnn",),
        group="recurrent",
        summary="gated linear attention whose keys are one minus the forget gates",
        formula="A_ij = Σ_c silu(q_ic)(1−α_jc) Π_{j<l≤i} α_lc, α = σ(Wx)",
        paper="2404.07904",
        purpose="A gated recurrent network with a state as large as that of linear attention.",
        simplified="a lower bound of 0 for all layers; without norm of the output",
        cost="n d² as a recurrence",
        mask=Causal(),
        mixer=Hgrn2(),
        context="refused",
    ),
)
