"""Normalizers over the keys between key and query: stick-breaking attention and CoPE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair, key_table, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import exclusive_suffix_sum, sigmoid, softmax, softplus


class StickBreaking(Normalizer):
    """Stick-breaking attention: from the query backwards, each key takes a part of the rest.

    Formula: σ(S_ij) Π_(j < l < i) (1 - σ(S_il))
    Paper: 2410.17980
    """

    name = "stick-breaking"
    row_sum = "at most 1"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        finite = visible & (logits > -np.inf)
        scores = np.where(finite, logits, 0.0)
        log_rest = exclusive_suffix_sum(np.where(finite, -softplus(scores), 0.0))  # Σ log(1 - σ)
        return np.where(finite, np.exp(log_rest - softplus(-scores)), 0.0)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """What the keys between key and query leave, and the key's part of it."""
        later = pair.visible_keys & (pair.inputs.grid.k[0, 0] > pair.j)
        rest = 1.0
        if later.any():
            scores = pair.all_logits[later]
            left = 1.0 - sigmoid(scores)
            table = key_table(pair.columns, later, ("logit", scores), ("1 − σ(logit)", left))
            rest = float(left.prod())
            yield ArithmeticLine("rest", ("Π (1 − σ(logit))",), rest, table)
        yield ArithmeticLine("weight", ("σ(", pair.logit, ") × ", rest), pair.weight)


class CoPE(Normalizer):
    """Contextual position encoding (CoPE): positions are sums of gates, which depend on content.

    Formula: softmax(S + q·e(p)), p_ij = Σ_(j ≤ l ≤ i) σ(S_il) at most `max_distance`, e learned
    at integers and interpolated linearly between them
    Paper: 2405.18719
    """

    name = "cope"
    n_array = 10
    aliases = ("contextual",)
    tunable_aliases: ClassVar = {"farthest": "max_distance"}
    limits: ClassVar = {"max_distance": (1, 65536)}
    max_distance: int = 8

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """e [max_distance + 1, d]"""
        return {"e_contextual": (self.max_distance + 1, sizes.d)}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """e = 0"""
        del sizes
        return {"e_contextual": Initial()}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        finite = visible & (logits > -np.inf)
        gates = np.where(finite, sigmoid(np.where(finite, logits, 0.0)), 0.0)
        position = np.minimum(exclusive_suffix_sum(gates) + gates, self.max_distance)
        below = np.floor(position)
        above = np.minimum(below + 1, self.max_distance)
        by_position = inputs.project("e_contextual", inputs.query)  # [head, query, position]
        low, high = (np.take_along_axis(by_position, at.astype(int), -1) for at in (below, above))
        bias = low + (high - low) * (position - below)
        return softmax(np.where(finite, logits, -np.inf) + bias, finite)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The gates, the positions as their sums, the interpolated q·e, and the softmax."""
        gates = sigmoid(pair.row)
        sums = np.cumsum(gates[::-1])[::-1]
        position = np.minimum(sums, self.max_distance)
        below = np.floor(position)
        by_position = pair.param("e_contextual") @ pair.q
        low = by_position[below.astype(int)]
        high = by_position[np.minimum(below + 1, self.max_distance).astype(int)]
        name = f"min(cumulated(σ(logit)), {self.max_distance})"
        between = f"low + (high − low) × ({name} − ⌊{name}⌋)"
        rows = (("logit", pair.row), ("σ(logit)", gates), ("cumulated(σ(logit))", sums))
        term = low + (high - low) * (position - below)
        more = ((name, position), ("low", low), ("high", high), (between, term))
        added = (f"logit + {between}", pair.row + term)
        yield from softmax_lines(pair, *rows, *more, added)


PARTS: tuple[type[Normalizer], ...] = (StickBreaking, CoPE)
