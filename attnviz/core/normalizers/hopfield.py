"""Retrieval: the answer is a question again, until it is one of the stored patterns."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs


class Retrieval(Normalize):
    """A memory is asked again with what it answered, until the query has become a pattern.

    Formula: q ← softmax(beta q Kᵀ) K for all `steps` but the last, then softmax(beta q Kᵀ)
    Paper: 2008.02217 (modern Hopfield network; one step is softmax)
    """

    name = "retrieval"
    limits: ClassVar = {"beta": (1e-6, inf), "steps": (1, 1000)}
    beta: float = 1.0
    steps: int = 3

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        visible = visible & (logits > -np.inf)  # a key scored so is not asked again
        weights = softmax(self.beta * np.where(visible, logits, 0.0), visible)
        unseen = np.logical_not(np.logical_or.reduce(visible, axis=1))  # [head, key]
        known = np.where(unseen[..., None], 0.0, inputs.key)
        for _ in range(self.steps - 1):
            again = (weights @ known) @ known.swapaxes(-1, -2)
            weights = softmax(self.beta * again, visible)
        return weights


PARTS: tuple[type[Normalize], ...] = (Retrieval,)
