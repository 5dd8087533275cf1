"""Normalizers that use scores beyond the row: selective, multi-token, persistent memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import (
    ArithmeticLine,
    ArithmeticTable,
    Lines,
    WeightPair,
    softmax_lines,
)
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, UnitKernel
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import broadcast_visible, require_self_attention


class Selective(Normalizer):
    """Selective attention: a token can mask earlier tokens for the queries after it.

    Formula: softmax(S − F), F_ij = Σ_{l<i} relu(S⁰_lj) over visible j with 0 < j < l; S⁰ are the
    first head's scores
    Paper: 2410.02703
    """

    name = "selective"
    row_local = False
    head_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        require_self_attention(inputs, self.name)
        grid = inputs.grid
        shown = broadcast_visible(inputs, visible)[0]
        selectable = shown & (grid.k < grid.q)[0] & (grid.k > 0)[0]
        penalty = np.maximum(np.where(selectable, logits[0], 0.0), 0.0)
        total = np.cumsum(penalty, axis=0) - penalty  # of earlier rows, without this one
        return softmax(logits - total, visible)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """What earlier queries of head 0 take off each key, and the softmax of the rest."""
        shown, n = pair.visible_keys, pair.query
        scores = np.where(pair.visible[0, :n], pair.logits[0, :n], 0.0)
        index = np.arange(scores.shape[-1])
        selectable = (index < np.arange(n)[:, None]) & (index > 0)
        taken = np.maximum(np.where(selectable, scores, 0.0), 0.0)
        rows = [("logit", pair.row)]
        rows += [(f"relu(S⁰) of query {i}", taken[i][shown]) for i in range(n)]
        left = " − ".join(name for name, _ in rows)
        if n:
            rows.append((left, pair.row - taken.sum(0)[shown]))
        yield from softmax_lines(pair, *rows)


class MultiToken(Normalizer):
    """Multi-token attention: a learned convolution of the scores over queries and keys.

    The kernel covers earlier queries, and keys on both sides.
    Formula: softmax(conv(S)), conv(S)_ij = Σ_ab θ_ab S_{i−a, j−b}, masked scores counting as 0;
    0 ≤ a < query span, −⌊key span/2⌋ ≤ b < ⌈key span/2⌉
    Paper: 2504.00927 (equations 4 and 5, with its kernel of 6 by 11)
    """

    name = "multi-token"
    row_local = False
    limits: ClassVar = {"query_span": (1, 1024), "key_span": (1, 1024)}
    query_span: int = 6
    key_span: int = 11

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """θ [query_span, key_span]"""
        del sizes
        return {"theta": (self.query_span, self.key_span)}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """The kernel that leaves the scores unchanged"""
        del sizes
        return {"theta": UnitKernel(row=0, column=self.key_span // 2)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        require_self_attention(inputs, self.name)
        theta, before = inputs.param("theta"), self.key_span // 2
        visible = visible & (logits > -np.inf)  # a bias may mask a key by its score
        scores = np.where(visible, logits, 0.0)
        key_margin = (self.key_span - before - 1, before)
        padded = np.pad(scores, ((0, 0), (self.query_span - 1, 0), key_margin))
        patches = np.lib.stride_tricks.sliding_window_view(padded, theta.shape[1:], axis=(1, 2))
        flipped = theta[:, ::-1, ::-1]
        return softmax(np.einsum("hqkab,hab->hqk", patches, flipped), visible)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The scores of the row after the convolution, and their softmax."""
        theta, before = pair.param("theta"), self.key_span // 2
        shown = pair.visible[pair.head] & np.isfinite(pair.logits[pair.head])
        scores = np.where(shown, pair.logits[pair.head], 0.0)
        n_key = scores.shape[-1]
        total = np.zeros(n_key)
        rows = []
        for a in range(min(self.query_span, pair.query + 1)):
            for b in range(self.key_span):
                factor, source = float(theta[a, b]), np.arange(n_key) - (b - before)
                inside = (source >= 0) & (source < n_key)
                moved = np.where(inside, scores[pair.query - a][source.clip(0, n_key - 1)], 0.0)
                if factor != 0.0:
                    name = f"{factor:.6g} × S(i − {a}, j − {b - before})"
                    rows.append((name, (factor * moved)[pair.visible_keys]))
                    total += factor * moved
        convolved = (" + ".join(name for name, _ in rows), total[pair.visible_keys])
        yield from softmax_lines(pair, *rows, *([convolved] if len(rows) > 1 else []))


class MemorySlots(Normalizer):
    """Persistent memory: softmax over the tokens' keys and `slots` learned keys.

    Formula: softmax over [S, q·m/√d], of which the tokens' part is returned
    Paper: 1907.01470
    """

    name = "memory-slots"
    aliases = ("memory",)
    row_sum = "at most 1"
    limits: ClassVar = {"slots": (1, 65536)}
    slots: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """m [slots, d]"""
        return {"m_slots": (self.slots, sizes.d)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        query = inputs.query
        slots = query @ inputs.param("m_slots").swapaxes(1, 2) / np.sqrt(query.shape[-1])
        extended = np.concatenate([logits, slots], axis=-1)
        shown = np.ones(extended.shape, dtype=bool)
        shown[..., : logits.shape[-1]] = visible
        return softmax(extended, shown)[..., : logits.shape[-1]]

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The logits of the learned keys, and the softmax over these and the tokens' keys."""
        slots = pair.param("m_slots") @ pair.q / np.sqrt(pair.q.size)
        mass = np.exp(slots)
        columns = tuple(f"slot {n}" for n in range(self.slots))
        table = ArithmeticTable(columns, (("q·m/√d", slots), ("exp(q·m/√d)", mass)))
        yield ArithmeticLine("slots", ("Σ exp(q·m/√d)",), float(mass.sum()), table)
        sink = float(np.log(mass.sum()))
        yield ArithmeticLine("as one logit", ("log(", float(mass.sum()), ")"), sink)
        yield from softmax_lines(pair, ("logit", pair.row), sink=sink)


PARTS = (Selective, MultiToken, MemorySlots)
