"""The delta rule: a memory corrects what it already says about a key, then stores the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.mixers import Whole
from attnviz.core.mixers.gated_recurrence import back, faded, latest
from attnviz.core.numerics import sigmoid, silu, softplus, unit
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import remembered


class DeltaRule(Whole):
    """Before a value is stored, what the memory says about its key is taken off.

    Formula: S_t = (I − β_t k_t k_tᵀ) Diag(α_t) S_{t−1} + β_t k_t v_tᵀ, o_t = S_tᵀ q_t,
    β = σ(w·x), q and k made unit vectors after SiLU;
    A = L (I + β ∘ B)⁻¹ β, L_ij = q_i·Diag(α_i … α_j+1) k_j, B the same of keys, j < i
    Paper: 2406.06484 (`gate` "none": α = 1; the rule itself 2102.11174), 2412.06464 ("head":
    one α a head), 2510.26692 ("channel": one a channel); α = exp(−exp(rate) softplus(W x + b)).
    Short convolutions before q and k are left to the projections; x falls back to the key.
    """

    name = "delta"
    formula = "L (I + β∘B)⁻¹ β"
    signed = True
    choices: ClassVar = {"gate": ("none", "head", "channel")}
    gate: str = "none"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [1, d_model], and for a gate W [1 | d, d_model], b [1 | d], rate []"""
        made: dict[str, Shape] = {"w_write": (1, sizes.d_model)}
        if self.gate != "none":
            width = 1 if self.gate == "head" else sizes.d
            made |= {"w_decay": (width, sizes.d_model), "b_decay": (width,), "rate_decay": ()}
        return made

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        seen = remembered(inputs, visible, self.name)
        query, key = unit(silu(inputs.query)), unit(silu(np.where(seen, inputs.key, 0.0)))
        written = inputs.project("w_write", inputs.key_source)
        write = np.where(seen, sigmoid(np.where(seen, written, 0.0)), 0.0)  # [head, key, 1]
        total = np.cumsum(self.fading(inputs, seen), axis=1)
        looked = back(faded(query, key, latest(total, inputs), total))
        overlap = np.tril(faded(key, key, total, total), -1)
        corrected = np.eye(key.shape[1]) + write * overlap
        solved = np.linalg.solve(corrected.swapaxes(1, 2), looked.swapaxes(1, 2))
        return solved.swapaxes(1, 2) * write.swapaxes(1, 2)

    def fading(self, inputs: Inputs, seen: BoolArray) -> FloatArray:
        """The logarithm of α; a token that nobody sees fades nothing.    -> [head, key, d | 1]"""
        if self.gate == "none":
            return np.zeros((inputs.key.shape[0], inputs.key.shape[1], 1))
        longer = inputs.project("w_decay", inputs.key_source) + inputs.param("b_decay")[:, None]
        rate = np.exp(inputs.param("rate_decay"))[:, None, None]
        return -rate * softplus(np.where(seen, longer, -np.inf))


PARTS = (DeltaRule,)
