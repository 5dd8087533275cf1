"""Along the row: a weight depends on what stands between its key and the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import after, sigmoid, softmax, softplus
from attnviz.core.part import Inputs, Sizes


class StickBreaking(Normalize):
    """From the query backwards, each key breaks off its share of what is left of a stick.

    Formula: σ(S_ij) Π_(j < l < i) (1 - σ(S_il))
    Paper: 2410.17980
    """

    name = "stick-breaking"
    row_sum = "at most 1"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        seen = visible & (logits > -np.inf)
        scores = np.where(seen, logits, 0.0)
        kept = np.where(seen, -softplus(scores), 0.0)  # log(1 - σ)
        left = after(kept)
        return np.where(seen, np.exp(left - softplus(-scores)), 0.0)


class Contextual(Normalize):
    """Positions are counted by content: some tokens are a step away, others are passed over.

    Formula: softmax(S + q·e(p)), p_ij = Σ_(j ≤ l ≤ i) σ(S_il) at most `farthest`, e learned
    for whole positions and taken in a straight line between them
    Paper: 2405.18719 (CoPE)
    """

    name = "contextual"
    limits: ClassVar = {"farthest": (1, 65536)}
    farthest: int = 8

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """e [farthest + 1, d]"""
        return {"e_contextual": (self.farthest + 1, sizes.d)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        seen = visible & (logits > -np.inf)
        gates = np.where(seen, sigmoid(np.where(seen, logits, 0.0)), 0.0)
        place = np.minimum(after(gates) + gates, self.farthest)
        below = np.floor(place)
        above = np.minimum(below + 1, self.farthest)
        by_place = inputs.project("e_contextual", inputs.query)  # [head, query, place]
        low, high = (np.take_along_axis(by_place, at.astype(int), -1) for at in (below, above))
        return softmax(
            np.where(seen, logits, -np.inf) + low + (high - low) * (place - below), seen
        )


PARTS: tuple[type[Normalize], ...] = (StickBreaking, Contextual)
