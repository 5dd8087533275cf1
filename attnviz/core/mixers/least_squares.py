"""Mesa layer: each query reads a linear map fitted to all past keys and values."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arithmetic.recurrence import silu_unit_lines
from attnviz.core.arithmetic.worksheet import Worksheet, sentence, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.numerics import sigmoid, silu, softplus, unit_vectors
from attnviz.core.visibility import causal_history

SMALLEST_LAMBDA = 0.25  # the reference's lower bound of the regularization


class Mesa(CausalMixer):
    """Mesa layer (MesaNet): regularized least squares over the past, solved for every query.

    Formula: o_t = G_t (H_t + Λ)⁻¹ q_t, H_t = γ_t H_{t−1} + β_t k_t k_tᵀ,
    G_t = γ_t G_{t−1} + β_t v_t k_tᵀ, γ = σ(w·x + b), β = σ(w′·x + b′), Λ = 0.25 + softplus(λ)
    per channel, q and k made unit vectors after SiLU;
    A_ij = q_iᵀ (H_i + Λ)⁻¹ k_j β_j Π_{j<l≤i} γ_l
    Paper: 2506.05233 (which solves by conjugate gradients; without layer inputs, x is the key)
    """

    name = "mesa"
    n_array = 2
    formula = "qᵢᵀ(Hᵢ + Λ)⁻¹kⱼ βⱼ Π γₗ, j<l≤i"
    signed = True

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w, w′ [1, d_model], b, b′ [], λ [d]"""
        row: Shape = (1, sizes.d_model)
        return {
            "w_mesa_forget": row,
            "b_mesa_forget": (),
            "w_mesa_write": row,
            "b_mesa_write": (),
            "lambda_mesa": (sizes.d,),
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b = b′ = 0, and λ such that Λ = 1"""
        del sizes
        regularized = Initial(float(np.log(np.expm1(1.0 - SMALLEST_LAMBDA))))
        return {
            "b_mesa_forget": Initial(),
            "b_mesa_write": Initial(),
            "lambda_mesa": regularized,
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = unit_vectors(silu(np.where(unmasked, inputs.key, 0.0)))
        query = unit_vectors(silu(inputs.query))
        log_gate = -softplus(-self.drive(inputs, "forget", unmasked, np.inf))
        beta = sigmoid(self.drive(inputs, "write", unmasked, -np.inf))
        total = np.cumsum(log_gate, axis=1)
        ridge = SMALLEST_LAMBDA + softplus(inputs.param("lambda_mesa"))
        (n_head, n_key, d), offset = key.shape, inputs.grid.offset
        n_query = query.shape[1]
        second_moment = np.zeros((n_head, d, d), dtype=key.dtype)
        weights = np.zeros((n_head, n_query, n_key), dtype=key.dtype)
        for t in range(offset + n_query):  # later keys are read by no query
            new = (key[:, t] * beta[:, t])[:, :, None] * key[:, t, None, :]
            second_moment = second_moment * np.exp(log_gate[:, t, None]) + new
            if t < offset:
                continue
            system = second_moment + ridge[:, None] * np.eye(d)
            solved = np.linalg.solve(system, query[:, t - offset, :, None])
            past = slice(None, t + 1)
            decay = np.exp(total[:, t, None] - total[:, past])
            weights[:, t - offset, past] = (key[:, past] @ solved * beta[:, past] * decay)[..., 0]
        return weights

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The share of each past key, the solution y of the fit, and its product with the key"""
        del tokens
        tokens = [t for t in range(pair.i + 1) if pair.visible[pair.head, pair.query, t]]
        shares = yield from self.share_lines(pair, tokens)
        raw, sheet = pair.param("lambda_mesa"), Worksheet()
        ridge = SMALLEST_LAMBDA + softplus(raw)
        sheet.row("λ", raw)
        sheet.row("Λ", ridge, f"{SMALLEST_LAMBDA} + log(1 + exp(λ))")
        query = yield from silu_unit_lines(sheet, "p", "q", pair.q)
        units = {}
        for t in tokens:
            key = pair.inputs.key[pair.head, t]
            units[t] = yield from silu_unit_lines(sheet, subscript("u", t), subscript("k", t), key)
        system = np.diag(ridge) + sum(shares[t] * np.outer(u, u) for t, u in units.items())
        solution = np.linalg.solve(system, query)
        yield sentence("y solves (H + Λ) y = p, H = Σ c u uᵀ over the past; it is checked below")
        inner, terms, check = {}, ["Λ × y"], ridge * solution
        for t, unit in units.items():
            factors = {"y": solution, subscript("u", t): unit}
            inner[t] = sheet.sum_of_products(subscript("h", t), factors)
            yield inner[t]
            terms.append(" × ".join(subscript(name, t) for name in "chu"))
            check = check + shares[t] * inner[t].value * unit
        sheet.row("p again", check, " + ".join(terms))
        error = float(np.abs(check - query).max())
        yield sheet.line("error", ("max(abs(p again − p))",), error)
        share, product = subscript("c", pair.j), subscript("h", pair.j)
        yield ArithmeticLine("weight", (f"{share} × {product}",), pair.weight)

    def share_lines(
        self, pair: MapPair, tokens: list[int]
    ) -> Generator[ArithmeticLine, None, dict[int, float]]:
        """c of each token: its β, times the γ of the tokens after it."""
        values: dict[str, float] = {}
        for letter, name, gate in (("γ", "w·x", "forget"), ("β", "w′·x", "write")):
            bias = pair.learned(name.replace("w", "b")[:-2], f"b_mesa_{gate}")
            yield bias
            drive = pair.inputs.project(f"w_mesa_{gate}", pair.inputs.key_source)
            of_token = pair.of_head(drive)[:, 0]
            sheet = Worksheet([pair.columns[t] for t in tokens])
            sheet.row(name, of_token[tokens])
            for t in tokens:
                label, value = subscript(letter, t), float(sigmoid(of_token[t] + bias.value))
                values[label] = value
                pieces = ("σ(", float(of_token[t]), " + ", bias.value, ")")
                yield sheet.line(label, pieces, value)
        shares = {}
        for n, t in enumerate(tokens):
            names = [subscript("β", t), *(subscript("γ", later) for later in tokens[n + 1 :])]
            shares[t] = float(np.prod([values[name] for name in names]))
            yield ArithmeticLine(subscript("c", t), (" × ".join(names),), shares[t])
        return shares

    def drive(
        self, inputs: Inputs, gate: str, unmasked: BoolArray, if_masked: float
    ) -> FloatArray:
        """A gate before its sigmoid; masked tokens get the number stated.    -> [head, key, 1]"""
        offset = inputs.param(f"b_mesa_{gate}")[:, None, None]
        raw = inputs.project(f"w_mesa_{gate}", inputs.key_source) + offset
        return np.where(unmasked, raw, if_masked)


PARTS = (Mesa,)
