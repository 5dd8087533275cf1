"""Forget gate (Forgetting Transformer): a data-dependent decay of scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, ArithmeticTable, Lines, Pair
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import exclusive_suffix_sum, softplus


class ForgetGate(Bias):
    """Forget gate: a gate per token between key and query adds its logarithm to the score.

    Formula: S + Σ_(j < l ≤ i) log f_l, f_l = σ(wᵀ x_l + b), x the input of the layer
    Paper: 2503.02130 (Forgetting Transformer)
    """

    name = "forget-gate"
    aliases = ("forgetting",)
    key_local = False  # the gates of all tokens between key and query enter the sum
    needs_hidden_keys = True  # those that no query attends to do not

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model], b []"""
        return {"w_forget": (sizes.d_model,), "b_forget": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        opening = inputs.visible_key_source @ inputs.param("w_forget")[..., None]
        kept = -softplus(-opening - inputs.param("b_forget")[:, None, None])[..., 0]
        # One sum a query, not a difference of two: what lies after the query may be anything.
        between = inputs.grid.k <= inputs.grid.q
        if inputs.hidden_keys is not None:
            between = between & ~inputs.hidden_keys[:, None, :]
        passed = np.where(between, kept[:, None, :], 0.0)
        return logits + exclusive_suffix_sum(passed)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The learned b, w·x of the tokens between key and query, and the sum of log σ(w·x + b)"""
        bias = pair.learned("b", "b_forget")
        yield bias
        between = [
            t
            for t in range(pair.j + 1, pair.i + 1)
            if pair.inputs.hidden_keys is None or not pair.inputs.hidden_keys[0, t]
        ]
        if not between:
            yield ArithmeticLine("log gates", (0, " (no token between)"), term)
            return
        opening = (pair.key_source @ pair.param("w_forget"))[between]
        name = "log(σ(w·x + b))"
        rows = (("w·x", opening), (name, -softplus(-opening - bias.value)))
        table = ArithmeticTable(tuple(f"token {t}" for t in between), rows)
        yield ArithmeticLine("log gates", (f"Σ {name}",), term, table)


PARTS: tuple[type[Bias], ...] = (ForgetGate,)
