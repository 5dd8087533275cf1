"""Modern Hopfield network: the softmax update, iterated."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import Lines, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import softmax


class Hopfield(Normalizer):
    """Retrieval in a modern Hopfield network: `steps` softmax updates of the query.

    Formula: q ← softmax(beta q Kᵀ) K for all `steps` but the last, then softmax(beta q Kᵀ)
    Paper: 2008.02217 (one step is softmax)
    """

    name = "hopfield"
    aliases = ("retrieval",)
    limits: ClassVar = {"beta": (1e-6, inf), "steps": (1, 1000)}
    beta: float = 1.0
    steps: int = 3

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        visible = visible & (logits > -np.inf)  # a bias may mask a key by its score
        weights = softmax(self.beta * np.where(visible, logits, 0.0), visible)
        masked_for_all = np.logical_not(np.logical_or.reduce(visible, axis=1))  # [head, key]
        patterns = np.where(masked_for_all[..., None], 0.0, inputs.key)
        for _ in range(self.steps - 1):
            scores = (weights @ patterns) @ patterns.swapaxes(-1, -2)
            weights = softmax(self.beta * scores, visible)
        return weights

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax of each step; between two of them, the scores of the retrieved vector."""
        patterns = pair.inputs.key[pair.head][pair.visible_keys]
        scores, name = pair.row, "logit"
        for step in range(self.steps):
            label = "weight" if step == self.steps - 1 else f"step {step + 1}"
            scaled = (f"{self.beta:.6g} × {name}", self.beta * scores)
            yield from softmax_lines(pair, (name, scores), scaled, label=label)
            mass = np.exp(scaled[1] - scaled[1].max())
            retrieved = mass / mass.sum() @ patterns
            scores, name = patterns @ retrieved, f"q{step + 1}·k"


PARTS: tuple[type[Normalizer], ...] = (Hopfield,)
