"""Mamba-3: trapezoidal steps, rotations that depend on the data, normed queries and keys."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from math import nan, pi
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Piece
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.initialization import Initial, StepBias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, softplus
from attnviz.core.positions import rotate_pairs
from attnviz.core.visibility import causal_history

SMALLEST_RATE = 1e-4  # the reference's lower bound of the decay rate


class Mamba3(CausalMixer):
    """Mamba-3: a state space discretized by the trapezoidal rule, with rotating state.

    Formula: h_t = α_t h_{t−1} + (1 − λ_t) Δ_t α_t k_{t−1} v_{t−1}ᵀ + λ_t Δ_t k_t v_tᵀ,
    o_t = h_tᵀ q_t + D v_t; Δ = softplus(w·x + b), α = exp(−Δ max(softplus(w′·x), 1e-4)),
    λ = σ(w″·x); q and k are RMS-normed, plus a learned vector, and rotated by the running sum
    of π Δ tanh(θ x) in the first `rotated_share` of their pairs.
    A_ij = q_i·k_j Π_{j<l≤i} α_l (λ_j Δ_j + (1 − λ_{j+1}) Δ_{j+1} where j < i), plus D where i = j
    Paper: 2603.15569 (one input and one output per head; θ is shared by all heads; C is the
    query, B the key; without layer inputs, x is the key)
    """

    name = "mamba3"
    head_local = False  # all heads use the θ of head 0
    formula = "(qᵢ·kⱼ)(λⱼΔⱼ + (1−λⱼ₊₁)Δⱼ₊₁) Π αₗ, j<l≤i"
    signed = True
    limits: ClassVar = {"rotated_share": (0.0, 1.0)}
    rotated_share: float = 0.5

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w, w′, w″ [1, d_model], b [], θ [pair, d_model], vectors of q and k [d], D []"""
        row: Shape = (1, sizes.d_model)
        shapes: dict[str, Shape] = {
            "w_mamba3_step": row,
            "b_mamba3_step": (),
            "w_mamba3_rate": row,
            "w_mamba3_trapezoid": row,
            "b_mamba3_query": (sizes.d,),
            "b_mamba3_key": (sizes.d,),
            "d_mamba3_skip": (),
        }
        if n_pair := int(sizes.d * self.rotated_share) // 2:
            shapes["theta_mamba3"] = (n_pair, sizes.d_model)
        return shapes

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """softplus(b) log-uniform in 0.001 to 0.1, D and the vectors of q and k 1"""
        del sizes
        return {
            "b_mamba3_step": StepBias(low=1e-3, high=0.1),
            "b_mamba3_query": Initial(1.0),
            "b_mamba3_key": Initial(1.0),
            "d_mamba3_skip": Initial(1.0),
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        x = inputs.key_source
        raw = inputs.project("w_mamba3_step", x) + inputs.param("b_mamba3_step")[:, None, None]
        step = softplus(np.where(unmasked, raw, -np.inf))
        rate = np.maximum(softplus(inputs.project("w_mamba3_rate", x)), SMALLEST_RATE)
        total = np.cumsum(np.where(unmasked, -step * rate, 0.0), axis=1)
        mix = sigmoid(np.where(unmasked, inputs.project("w_mamba3_trapezoid", x), 0.0))
        angles = self.angles(inputs, step, unmasked)
        at_query = None if angles is None else select_query_steps(angles, inputs)
        query = self.prepare(inputs.query, inputs.param("b_mamba3_query"), at_query)
        key = self.prepare(
            np.where(unmasked, inputs.key, 0.0), inputs.param("b_mamba3_key"), angles
        )
        pairs = causal_part(
            decay_scores(query, key, select_query_steps(total, inputs), total), inputs
        )
        follower, of_follower = next_unmasked((1.0 - mix) * step, unmasked)
        grid = inputs.grid
        later = np.where(follower[:, None] <= grid.q, of_follower[:, None], 0.0)
        weights = pairs * ((mix * step).swapaxes(1, 2) + later)
        return weights + inputs.param("d_mamba3_skip")[:, None, None] * (grid.q == grid.k)

    def angles(self, inputs: Inputs, step: FloatArray, unmasked: BoolArray) -> FloatArray | None:
        """The rotation of each token; None where nothing rotates.    -> [head, key, pair]"""
        if "theta_mamba3" not in inputs.params:
            return None
        drive = np.where(unmasked, self.rotation_drive(inputs), 0.0)
        return np.cumsum(pi * step * np.tanh(drive), axis=1)

    def rotation_drive(self, inputs: Inputs) -> FloatArray:
        """θ x    -> [1, key, pair]"""
        drive: FloatArray = inputs.key_source @ inputs.param("theta_mamba3")[:1].swapaxes(1, 2)
        return drive

    def prepare(
        self, vectors: FloatArray, bias: FloatArray, angles: FloatArray | None
    ) -> FloatArray:
        """RMS norm, bias, rotation.    [head, token, d], [head, d] -> [head, token, d]"""
        size = np.sqrt((vectors**2).mean(-1, keepdims=True) + 1e-5)
        shifted = vectors / size + bias[:, None]
        if angles is None:
            return shifted
        return rotate_pairs(shifted, np.cos(angles), np.sin(angles), interleaved=True)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """Step sizes and decays, the rotated query and key, and the trapezoid of the key"""
        past = [t for t in range(pair.i + 1) if pair.visible[pair.head, pair.query, t]]
        values = yield from self.step_lines(pair, past, tokens)
        inner = yield from self.product_lines(pair, past, values)
        share, j = subscript("λ", pair.j), subscript("Δ", pair.j)
        formula = f"{share} × {j}"
        if len(tokens) > 1:
            next_share, step = subscript("λ", tokens[1]), subscript("Δ", tokens[1])
            formula += f" + (1 − {next_share}) × {step}"
        decays = "".join(f" × {subscript('α', t)}" for t in tokens[1:])
        skip: tuple[Piece, ...] = ()
        if pair.i == pair.j:
            line = pair.learned("D", "d_mamba3_skip")
            yield line
            skip = (" + ", line.value)
        pieces = (inner, f" × ({formula}){decays}", *skip)
        yield ArithmeticLine("weight", pieces, pair.weight)

    def step_lines(
        self, pair: MapPair, past: list[int], tokens: list[int]
    ) -> Generator[ArithmeticLine, None, dict[int, float]]:
        """Δ of all tokens up to the query; α after the key; λ of the key and its follower."""
        inputs, bias = pair.inputs, pair.learned("b", "b_mamba3_step")
        yield bias
        names = {"w·x": "w_mamba3_step", "w′·x": "w_mamba3_rate", "w″·x": "w_mamba3_trapezoid"}
        sheet = Worksheet([pair.columns[t] for t in past])
        drives = []
        for name, param in names.items():
            drives.append(pair.of_head(inputs.project(param, inputs.key_source))[:, 0])
            sheet.row(name, drives[-1][past])
        steps = {}
        for t in past:
            first, second, third = (float(drive[t]) for drive in drives)
            steps[t] = float(softplus(np.array(first + bias.value)))
            pieces: tuple[Piece, ...] = ("log(1 + exp(", first, " + ", bias.value, "))")
            yield sheet.line(subscript("Δ", t), pieces, steps[t])
            if t in tokens[1:]:
                rate = max(float(softplus(np.array(second))), SMALLEST_RATE)
                pieces = ("exp(−", steps[t], " × max(log(1 + exp(", second, ")), 0.0001))")
                yield sheet.line(subscript("α", t), pieces, float(np.exp(-steps[t] * rate)))
            if t in tokens[:2]:
                value = float(sigmoid(np.array(third)))
                yield sheet.line(subscript("λ", t), ("σ(", third, ")"), value)
        return steps

    def product_lines(
        self, pair: MapPair, past: list[int], steps: dict[int, float]
    ) -> Generator[ArithmeticLine, None, float]:
        """q·k, after norm, learned vector and rotation."""
        sheet, vectors, sizes = Worksheet(), {}, {}
        for name, vector in (("q", pair.q), ("k", pair.k)):
            sizes[name] = float(np.sqrt((vector**2).mean() + 1e-5))
            sheet.row(name, vector)
            root = (f"√(Σ ({name}²) / ", vector.size, " + ", 1e-5, ")")
            yield sheet.line(f"rms {name}", root, sizes[name])
        for name, vector, side in (("q", pair.q, "query"), ("k", pair.k, "key")):
            bias = pair.param(f"b_mamba3_{side}")
            vectors[name] = vector / sizes[name] + bias
            sheet.row(f"b_{name}", bias)
            sheet.row(f"{name}′", vectors[name], f"{name} / rms {name} + b_{name}")
        if "theta_mamba3" not in pair.inputs.params:
            line = sheet.sum_of_products("q·k", {"q′": vectors["q"], "k′": vectors["k"]})
            yield line
            return line.value
        drive = pair.of_head(self.rotation_drive(pair.inputs))
        n_pair = drive.shape[-1]
        text = f"q′ and k′; their first {2 * n_pair} dimensions are rotated in pairs (a, b)"
        yield sheet.line("", (text,), nan)
        sheet = Worksheet([f"{2 * n},{2 * n + 1}" for n in range(n_pair)])
        for t in past:
            sheet.row(subscript("θx", t), drive[t])
        rotated = {}
        for name, last in (("q", pair.i), ("k", pair.j)):
            turns = [t for t in past if t <= last]
            terms = (f"{subscript('Δ', t)} × tanh({subscript('θx', t)})" for t in turns)
            angle = pi * np.sum([steps[t] * np.tanh(drive[t]) for t in turns], axis=0)
            sheet.row(f"φ {name}", angle, f"π × ({' + '.join(terms)})")
            a, b = vectors[name][: 2 * n_pair : 2], vectors[name][1 : 2 * n_pair : 2]
            sheet.row(f"a {name}", a)
            sheet.row(f"b {name}", b)
            cos, sin = f"cos(φ {name})", f"sin(φ {name})"
            first = a * np.cos(angle) - b * np.sin(angle)
            second = b * np.cos(angle) + a * np.sin(angle)
            sheet.row(f"A {name}", first, f"a {name} × {cos} − b {name} × {sin}")
            sheet.row(f"B {name}", second, f"b {name} × {cos} + a {name} × {sin}")
            rotated[name] = first, second
        products = [q * k for q, k in zip(rotated["q"], rotated["k"], strict=True)]
        total = float(np.sum(products))
        sheet.row("A q × A k + B q × B k", np.sum(products, axis=0))
        yield sheet.line("rotated", ("Σ (A q × A k + B q × B k)",), total)
        if pair.q.size == 2 * n_pair:
            yield ArithmeticLine("q·k", (total,), total)
            return total
        rest = slice(2 * n_pair, None)
        sheet = Worksheet([str(n) for n in range(2 * n_pair, pair.q.size)])
        kept = sheet.sum_of_products(
            "not rotated", {f"{name}′": vectors[name][rest] for name in "qk"}
        )
        yield kept
        yield ArithmeticLine("q·k", (total, " + ", kept.value), total + kept.value)
        return total + kept.value


def next_unmasked(values: FloatArray, unmasked: BoolArray) -> tuple[IntArray, FloatArray]:
    """The index of the next unmasked token after each, and its value; past the end, 0.

    Shapes: [head, key, 1], [head | 1, key, 1] -> [head, key], [head, key]
    """
    n_head, n_key, _ = values.shape
    shown = np.broadcast_to(unmasked, values.shape)
    follower = np.full((n_head, n_key), n_key)
    found = np.zeros((n_head, n_key), dtype=values.dtype)
    for t in range(n_key - 2, -1, -1):
        is_next = shown[:, t + 1, 0]
        follower[:, t] = np.where(is_next, t + 1, follower[:, t + 1])
        found[:, t] = np.where(is_next, values[:, t + 1, 0], found[:, t + 1])
    return follower, found


PARTS = (Mamba3,)
