"""Delta rule: DeltaNet, Gated DeltaNet and Kimi Delta Attention as weight matrices."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Piece
from attnviz.core.arithmetic.recurrence import reflection_lines, silu_unit_lines
from attnviz.core.arithmetic.worksheet import NamedVector, Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, LogOfUniform, StepBias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, silu, softplus, unit_vectors
from attnviz.core.visibility import causal_history


class DeltaRule(CausalMixer):
    """Delta rule: writes the difference to the value stored for the key.

    Formula: S_t = (I − β_t k_t k_tᵀ) Diag(α_t) S_{t−1} + β_t k_t v_tᵀ, o_t = S_tᵀ q_t,
    β = σ(w·x), q and k made unit vectors after SiLU;
    A = L (I + β ∘ B)⁻¹ β, L_ij = q_i·Diag(α_i … α_j+1) k_j, B the same of keys, j < i
    Paper: 2406.06484 (`gate` "none": α = 1; the rule itself 2102.11174), 2412.06464 ("head": one
    α per head), 2510.26692 ("channel": one per channel); α = exp(−exp(rate) softplus(W x + b)).
    Short convolutions before q and k are not included; without layer inputs, x is the key.
    """

    name = "delta"
    n_array = 5
    formula = "L (I + β∘B)⁻¹ β"
    signed = True
    choices: ClassVar = {"gate": ("none", "head", "channel")}
    gate: str = "none"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [1, d_model], and for a gate W [1 | d, d_model], b [1 | d], rate []"""
        shapes: dict[str, Shape] = {"w_write": (1, sizes.d_model)}
        if self.gate != "none":
            width = 1 if self.gate == "head" else sizes.d
            shapes |= {"w_decay": (width, sizes.d_model), "b_decay": (width,), "rate_decay": ()}
        return shapes

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """exp(rate) uniform in 1 to 16, softplus(b) log-uniform in 0.001 to 0.1, as in Mamba-2"""
        del sizes
        if self.gate == "none":
            return {}
        rate, step = LogOfUniform(low=1.0, high=16.0), StepBias(low=1e-3, high=0.1)
        return {"rate_decay": rate, "b_decay": step}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        query, key = (
            unit_vectors(silu(inputs.query)),
            unit_vectors(silu(np.where(unmasked, inputs.key, 0.0))),
        )
        gate = inputs.project("w_write", inputs.key_source)
        beta = np.where(unmasked, sigmoid(np.where(unmasked, gate, 0.0)), 0.0)  # [head, key, 1]
        total = np.cumsum(self.log_decay(inputs, unmasked), axis=1)
        at_query = select_query_steps(total, inputs)
        reads = causal_part(decay_scores(query, key, at_query, total), inputs)
        overlap = np.tril(decay_scores(key, key, total, total), -1)
        system = np.eye(key.shape[1]) + beta * overlap
        weights = np.linalg.solve(system.swapaxes(1, 2), reads.swapaxes(1, 2))
        return weights.swapaxes(1, 2) * beta.swapaxes(1, 2)

    def log_decay(self, inputs: Inputs, unmasked: BoolArray) -> FloatArray:
        """log α; a masked token causes no decay.    -> [head, key, d | 1]"""
        if self.gate == "none":
            return np.zeros((inputs.key.shape[0], inputs.key.shape[1], 1))
        step = inputs.project("w_decay", inputs.key_source) + inputs.param("b_decay")[:, None]
        rate = np.exp(inputs.param("rate_decay"))[:, None, None]
        return -rate * softplus(np.where(unmasked, step, -np.inf))

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """β of each token, and the query after the delta rule of every token after the key"""
        source = pair.inputs.key_source
        drive = pair.of_head(pair.inputs.project("w_write", source))[:, 0]
        sheet = Worksheet([pair.columns[t] for t in tokens])
        sheet.row("w·x", drive[tokens])
        strengths = {}
        for t in tokens:
            name = subscript("β", t)
            strengths[t] = (name, sigmoid(drive[t]))
            yield sheet.line(name, ("σ(", float(drive[t]), ")"), float(strengths[t][1]))
        sheet, later = Worksheet(), tokens[:0:-1]
        yield sentence(
            "r is the query's unit vector, multiplied by the transposed transition of each token "
            "after the key, from the query on"
        )
        decays = yield from self.decay_lines(pair, sheet, later)
        carried = yield from silu_unit_lines(sheet, "r₀", "q", pair.q)
        key = pair.inputs.key[pair.head]
        for n, t in enumerate((*later, pair.j)):
            name = subscript("u", t)
            unit = yield from silu_unit_lines(sheet, name, subscript("k", t), key[t])
            if t > pair.j:
                step = (n, subscript("s", t))
                carried = yield from reflection_lines(
                    sheet, carried, step, (name, unit), strengths[t], decays.get(t)
                )
        name, _ = sheet.product({subscript("r", len(later)): carried, name: unit})
        strength = strengths[pair.j][0]
        yield sheet.line("weight", (f"{strength} × Σ ({name})",), pair.weight)

    def decay_lines(
        self, pair: MapPair, sheet: Worksheet, tokens: list[int]
    ) -> Generator[ArithmeticLine, None, dict[int, NamedVector]]:
        """α of some tokens; none without a gate."""
        if self.gate == "none" or not tokens:
            return {}
        inputs, bias = pair.inputs, pair.param("b_decay")
        drive = pair.of_head(inputs.project("w_decay", inputs.key_source))
        rate = pair.learned("rate", "rate_decay")
        yield rate
        alphas = np.exp(-np.exp(rate.value) * softplus(drive + bias))
        decays = {t: (subscript("α", t), alphas[t]) for t in tokens}
        if self.gate == "channel":
            for t, (name, alpha) in decays.items():
                of_token = subscript("Wx", t)
                sheet.row(of_token, drive[t])
                sheet.row("b", bias)
                sheet.row(name, alpha, f"exp(−exp(rate) × log(1 + exp({of_token} + b)))")
            return decays
        yield ArithmeticLine("b", ("learned (b_decay)",), float(bias[0]))
        of_tokens = Worksheet([pair.columns[t] for t in tokens])
        of_tokens.row("Wx", drive[tokens, 0])
        for t, (name, alpha) in decays.items():
            inner: tuple[Piece, ...] = (float(drive[t, 0]), " + ", float(bias[0]))
            pieces = ("exp(−exp(", rate.value, ") × log(1 + exp(", *inner, ")))")
            yield of_tokens.line(name, pieces, float(alpha[0]))
        return decays


PARTS = (DeltaRule,)
