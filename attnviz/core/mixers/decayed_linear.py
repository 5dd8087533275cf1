"""Linear attention with decay: lightning attention (fixed) and HGRN2 (forget gates as keys)."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.biases import alibi_slopes, slope_line
from attnviz.core.inputs import Inputs
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, silu, softplus
from attnviz.core.visibility import causal_history


class LightningAttention(CausalMixer):
    """Lightning attention: unnormalized linear attention with a fixed decay per head.

    Formula: (silu(q_i)·silu(k_j)) λ_h^(i−j), λ_h = exp(−slope_h), the slopes of ALiBi
    Paper: 2401.04658 (λ), 2501.08313 (MiniMax-01: its activations and slopes)
    """

    name = "lightning"
    formula = "(silu(qᵢ)·silu(kⱼ)) λ^(i−j)"
    signed = True

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = silu(np.where(unmasked, inputs.key, 0.0))
        slope = alibi_slopes(inputs.grid.n_head)[inputs.grid.h]
        log_decay = np.where(unmasked, -slope, 0.0)  # a masked token causes no decay
        total = np.cumsum(log_decay, axis=1).astype(key.dtype)
        at_query = select_query_steps(total, inputs)
        return causal_part(decay_scores(silu(inputs.query), key, at_query, total), inputs)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The slope of the head, silu(q)·silu(k), and the decay of the tokens after the key"""
        slope = slope_line(pair)
        yield slope
        sheet = Worksheet()
        sheet.row("q", pair.q)
        sheet.row("k", pair.k)
        inner = sheet.sum_of_products("q·k", {"silu(q)": silu(pair.q), "silu(k)": silu(pair.k)})
        yield inner
        decay = (" × exp(−", slope.value, " × ", len(tokens) - 1, ")")
        yield ArithmeticLine("weight", (inner.value, *decay), pair.weight)


class Hgrn2(CausalMixer):
    """HGRN2: gated linear attention whose key is what the forget gate lets go.

    Formula: S_t = Diag(α_t) S_{t−1} + (1 − α_t) v_tᵀ, o_t = S_tᵀ silu(q_t), α = σ(k);
    A_ij = Σ_c silu(q_ic) (1 − α_jc) Π_{j<l≤i} α_lc
    Paper: 2404.07904 (with a lower bound of α of 0, that of the first layer)
    """

    name = "hgrn2"
    formula = "Σ_c silu(q_ic)(1−α_jc) Π α_lc, j<l≤i"
    signed = True

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        gate = np.where(unmasked, inputs.key, np.inf)  # a masked token forgets nothing
        log_decay = -softplus(-gate)
        total = np.cumsum(log_decay, axis=1)
        at_query = select_query_steps(total, inputs)
        return causal_part(
            decay_scores(silu(inputs.query), -np.expm1(log_decay), at_query, total), inputs
        )

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The gates of the key and of the tokens after it, and Σ silu(q) (1 − α) α … α"""
        sheet, key = Worksheet(), pair.inputs.key[pair.head]
        sheet.row("q", pair.q)
        factors = {"silu(q)": silu(pair.q)}
        for t in tokens:
            name, key_name = subscript("α", t), subscript("k", t)
            gate = sigmoid(key[t])
            sheet.row(key_name, key[t])
            sheet.row(name, gate, f"σ({key_name})")
            factors |= {name: gate} if t > pair.j else {f"(1 − {name})": 1.0 - gate}
        yield sheet.sum_of_products("weight", factors, pair.weight)


PARTS = (LightningAttention, Hgrn2)
