"""Recurrences with Householder-like transitions: DeltaProduct and RWKV-7."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arithmetic.recurrence import reflection_lines, silu_unit_lines, unit_lines
from attnviz.core.arithmetic.worksheet import Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, UniformBetween
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, silu, unit_vectors
from attnviz.core.visibility import causal_history


class DeltaProduct(CausalMixer):
    """DeltaProduct: several steps of the delta rule per token, each with a key of its own.

    Formula: S ← (I − β_tm k_tm k_tmᵀ) S + β_tm k_tm v_tᵀ for m = 1 … `householders`, then
    o_t = Sᵀ q_t; β = 2σ(w_m·x), k_t1 the key, k_tm = W_m x of later steps, q and k made unit
    vectors after SiLU; A_ij is the sum over the steps of token j
    Paper: 2502.10297 (where each step has a value of its own; without layer inputs, x is the key)
    """

    name = "delta-product"
    formula = "Σ_m L (I + β∘B)⁻¹ β"
    signed = True
    limits: ClassVar = {"householders": (1, 64)}
    householders: int = 2

    def count_arrays(self) -> int:
        """The system of all steps, of which three copies exist, and the reads of the queries"""
        return 3 * self.householders**2 + 2 * self.householders

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [householders, d_model], W [(householders − 1) · d, d_model]"""
        shapes: dict[str, Shape] = {"w_product_write": (self.householders, sizes.d_model)}
        if self.householders > 1:
            shapes["w_product_key"] = ((self.householders - 1) * sizes.d, sizes.d_model)
        return shapes

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        n_step, (n_head, n_key, d) = self.householders, inputs.key.shape
        key = np.where(unmasked[..., None], self.step_keys(inputs), 0.0)
        key = unit_vectors(silu(key)).reshape(n_head, n_key * n_step, d)
        gate = np.where(unmasked, inputs.project("w_product_write", inputs.key_source), 0.0)
        beta = np.where(unmasked, 2.0 * sigmoid(gate), 0.0).reshape(n_head, n_key * n_step, 1)
        overlap = np.tril(key @ key.swapaxes(1, 2), -1)
        reads = unit_vectors(silu(inputs.query)) @ key.swapaxes(1, 2)
        of_token = np.arange(n_key * n_step) // n_step
        reads = np.where(of_token <= inputs.grid.q, reads, 0.0)
        system = np.eye(n_key * n_step) + beta * overlap
        weights = np.linalg.solve(system.swapaxes(1, 2), reads.swapaxes(1, 2)) * beta
        return weights.swapaxes(1, 2).reshape(n_head, -1, n_key, n_step).sum(-1)

    def step_keys(self, inputs: Inputs) -> FloatArray:
        """The key of each step of each token.    -> [head, key, step, d]"""
        keys = [inputs.key[:, :, None]]
        if self.householders > 1:
            shape = (*inputs.key.shape[:2], self.householders - 1, inputs.key.shape[-1])
            later = inputs.project("w_product_key", inputs.key_source)
            keys.append(later.reshape(shape))
        return np.concatenate(keys, axis=2)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """β of every step, the query after the steps of later tokens, the steps of the key"""
        inputs, steps = pair.inputs, range(self.householders, 0, -1)
        drive = pair.of_head(inputs.project("w_product_write", inputs.key_source))
        keys = self.step_keys(inputs)[pair.head]
        sheet = Worksheet([pair.columns[t] for t in tokens])
        for m in steps:
            sheet.row(subscript("w", m) + "·x", drive[tokens, m - 1])
        strengths = {}
        for t in tokens:
            for m in steps:
                name, beta = subscript("β", t, m), 2.0 * sigmoid(drive[t, m - 1])
                strengths[t, m] = (name, beta)
                yield sheet.line(name, ("2 × σ(", float(drive[t, m - 1]), ")"), float(beta))
        yield sentence(
            "r is the query's unit vector, multiplied by the transposed transition of each step "
            "of each token, from the query's last step back; k₂,₁ is the key of step 1 of token 2"
        )
        sheet = Worksheet()
        carried = yield from silu_unit_lines(sheet, "r₀", "q", pair.q)
        shares = []
        for n, (t, m) in enumerate((t, m) for t in reversed(tokens) for m in steps):
            name, product = subscript("u", t, m), subscript("s", t, m)
            of_step = subscript("k", t, m)
            unit = yield from silu_unit_lines(sheet, name, of_step, keys[t, m - 1])
            if t == pair.j:
                shares.append(f"{strengths[t, m][0]} × {product}")
            carried = yield from reflection_lines(
                sheet, carried, (n, product), (name, unit), strengths[t, m]
            )
        yield ArithmeticLine("weight", (" + ".join(shares),), pair.weight)


class Rwkv7(CausalMixer):
    """RWKV-7: decay per channel, and a delta rule with an in-context learning rate per channel.

    Formula: S_t = Diag(w_t) S_{t−1} − (a_t ∘ κ_t) κ_tᵀ S_{t−1} + k̃_t v_tᵀ, o_t = S_tᵀ r_t plus
    the bonus Σ_c r_tc ρ_c k̃_tc v_t; w = exp(−e^−½ σ(b + W tanh(V x))), a = σ(b′ + W′ V′ x),
    κ the unit vector of k ∘ ξ, k̃ = k ∘ (1 + (a − 1) ∘ α)
    Paper: 2503.14456 (V and V′, of `gate_rank` rows, are shared by all heads; without layer
    inputs, x is the key)
    """

    name = "rwkv7"
    n_array = 8
    head_local = False  # all heads use the V and V′ of head 0
    formula = "Sₜ = (Diag(wₜ) − (aₜ∘κₜ)κₜᵀ)Sₜ₋₁ + k̃ₜvₜᵀ"
    signed = True
    limits: ClassVar = {"gate_rank": (1, 65536)}
    gate_rank: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """V, V′ [gate_rank, d_model], W, W′ [d, gate_rank], b, b′, ξ, α, ρ [d]"""
        low, high, vector = (self.gate_rank, sizes.d_model), (sizes.d, self.gate_rank), (sizes.d,)
        return {
            "v_rwkv7_decay": low,
            "w_rwkv7_decay": high,
            "b_rwkv7_decay": vector,
            "v_rwkv7_rate": low,
            "w_rwkv7_rate": high,
            "b_rwkv7_rate": vector,
            "xi_rwkv7": vector,
            "alpha_rwkv7": vector,
            "rho_rwkv7": vector,
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b between −5.5 and 0.5, b′ = −0.19, ξ = 0.71, α = 1.02, ρ = −0.04: the reference's"""
        del sizes
        return {
            "b_rwkv7_decay": UniformBetween(low=-5.5, high=0.5),
            "b_rwkv7_rate": Initial(-0.19),
            "xi_rwkv7": Initial(0.71),
            "alpha_rwkv7": Initial(1.02),
            "rho_rwkv7": Initial(-0.04),
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        plain = np.where(unmasked, inputs.key, 0.0)
        drive = self.decay_drive(inputs) + inputs.param("b_rwkv7_decay")[:, None]
        log_decay = -exp(-0.5) * sigmoid(np.where(unmasked, drive, -np.inf))
        drive = self.rate_drive(inputs) + inputs.param("b_rwkv7_rate")[:, None]
        rate = np.where(unmasked, sigmoid(np.where(unmasked, drive, 0.0)), 0.0)
        removed = unit_vectors(plain * inputs.param("xi_rwkv7")[:, None])
        key = plain * (1.0 + (rate - 1.0) * inputs.param("alpha_rwkv7")[:, None])
        total = np.cumsum(log_decay, axis=1)
        before = total - log_decay  # the state that a token changes has not decayed at it
        written = np.tril(decay_scores(removed, key, before, total), -1)
        erased = np.tril(decay_scores(removed, removed * rate, before, total), -1)
        old_values = np.linalg.solve(np.eye(key.shape[1]) + erased, written)
        query, at_query = inputs.query, select_query_steps(total, inputs)
        reads = causal_part(decay_scores(query, key, at_query, total), inputs)
        erasures = causal_part(decay_scores(query, removed * rate, at_query, total), inputs)
        bonus = (query * inputs.param("rho_rwkv7")[:, None]) @ key.swapaxes(1, 2)
        diagonal = inputs.grid.q == inputs.grid.k
        return reads - erasures @ old_values + np.where(diagonal, bonus, 0.0)

    def decay_drive(self, inputs: Inputs) -> FloatArray:
        """W tanh(V x)    -> [head, key, d]"""
        low = np.tanh(self.compress(inputs, "v_rwkv7_decay"))
        return inputs.project("w_rwkv7_decay", low)

    def rate_drive(self, inputs: Inputs) -> FloatArray:
        """W′ V′ x    -> [head, key, d]"""
        return inputs.project("w_rwkv7_rate", self.compress(inputs, "v_rwkv7_rate"))

    def compress(self, inputs: Inputs, name: str) -> FloatArray:
        """The layer's input times a matrix that all heads share.    -> [head | 1, key, rank]"""
        return inputs.key_source @ inputs.param(name)[:1].swapaxes(1, 2)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The query after the transition of every token after the key, times the key"""
        decays, rates = (pair.of_head(f(pair.inputs)) for f in (self.decay_drive, self.rate_drive))
        key, carried, sheet = pair.inputs.key[pair.head], pair.q, Worksheet()
        bias, rate_bias = pair.param("b_rwkv7_decay"), pair.param("b_rwkv7_rate")
        yield sentence(
            "r is the query, multiplied by the transposed transition of each token after the key, "
            "from the query on"
        )
        sheet.row("q", pair.q)
        sheet.row("r₀", carried, "q")
        for n, t in enumerate(reversed(tokens)):
            rate, drive = sigmoid(rates[t] + rate_bias), subscript("W′V′x", t)
            rate_name, key_name = subscript("a", t), subscript("k", t)
            sheet.row(key_name, key[t])
            sheet.row(drive, rates[t])
            sheet.row("b′", rate_bias)
            sheet.row(rate_name, rate, f"σ(b′ + {drive})")
            if t == pair.j:
                continue  # the last one
            decay = np.exp(-exp(-0.5) * sigmoid(decays[t] + bias))
            decay_name, drive = subscript("w", t), subscript("W tanh(Vx", t) + ")"
            sheet.row(drive, decays[t])
            sheet.row("b", bias)
            sheet.row(decay_name, decay, f"exp(−exp(−0.5) × σ(b + {drive}))")
            xi, scaled = pair.param("xi_rwkv7"), subscript("z", t)
            sheet.row("ξ", xi)
            sheet.row(scaled, key[t] * xi, f"{key_name} × ξ")
            name, product, before = subscript("κ", t), subscript("s", t), subscript("r", n)
            unit = yield from unit_lines(sheet, name, scaled, key[t] * xi)
            inner = sheet.sum_of_products(product, {before: carried, rate_name: rate, name: unit})
            yield inner
            carried = decay * carried - inner.value * unit
            formula = f"{decay_name} × {before} − {product} × {name}"
            sheet.row(subscript("r", n + 1), carried, formula)
        alpha, written = pair.param("alpha_rwkv7"), subscript("k̃", pair.j)
        sheet.row("α", alpha)
        new_key = key[pair.j] * (1.0 + (rate - 1.0) * alpha)
        sheet.row(written, new_key, f"{key_name} × (1 + ({rate_name} − 1) × α)")
        read = {subscript("r", len(tokens) - 1): carried, written: new_key}
        if pair.i > pair.j:
            yield sheet.sum_of_products("weight", read, pair.weight)
            return
        inner = sheet.sum_of_products("read", read)
        yield inner
        bonus = sheet.sum_of_products(
            "bonus", {"q": pair.q, "ρ": pair.param("rho_rwkv7"), written: new_key}
        )
        yield bonus
        yield ArithmeticLine("weight", (inner.value, " + ", bonus.value), pair.weight)


PARTS = (DeltaProduct, Rwkv7)
