"""Normalizers that look at neighbouring rows of the scores before they share out the weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import one_sequence, pairs


class Selective(Normalize):
    """A token can say that an earlier one is no longer needed; later ones then look past it.

    Formula: softmax(S − F), F_ij = Σ_{l<i} relu(S⁰_lj) over visible j with 0 < j < l; S⁰ are the
    first head's scores
    Paper: 2410.02703
    """

    name = "selective"
    row_local = False
    head_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        one_sequence(inputs, self.name)
        grid = inputs.grid
        said = pairs(inputs, visible)[0] & (grid.k < grid.q)[0] & (grid.k > 0)[0]
        drop = np.maximum(np.where(said, logits[0], 0.0), 0.0)
        dropped = np.cumsum(drop, axis=0) - drop  # what earlier rows said, not this one
        return softmax(logits - dropped, visible)


class MultiToken(Normalize):
    """A score takes in its neighbours: earlier queries, and keys on both sides.

    Formula: softmax(conv(S)), conv(S)_ij = Σ_ab θ_ab S_{i−a, j−b}, hidden scores counting as 0;
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

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        one_sequence(inputs, self.name)
        theta, before = inputs.param("theta"), self.key_span // 2
        visible = visible & (logits > -np.inf)  # a bias may hide a key by its score
        known = np.where(visible, logits, 0.0)
        beside = (self.key_span - before - 1, before)
        edge = np.pad(known, ((0, 0), (self.query_span - 1, 0), beside))
        patches = np.lib.stride_tricks.sliding_window_view(edge, theta.shape[1:], axis=(1, 2))
        flipped = theta[:, ::-1, ::-1]
        return softmax(np.einsum("hqkab,hab->hqk", patches, flipped), visible)


class MemorySlots(Normalize):
    """Learned keys stand beside the tokens and take their share of the weight.

    Formula: softmax over [S, q·m/√d], of which the tokens' part is shown
    Paper: 1907.01470
    """

    name = "memory"
    row_sum = "at most 1"
    limits: ClassVar = {"slots": (1, 65536)}
    slots: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """m [slots, d]"""
        return {"m_slots": (self.slots, sizes.d)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        query = inputs.query
        beside = query @ inputs.param("m_slots").swapaxes(1, 2) / np.sqrt(query.shape[-1])
        every = np.concatenate([logits, beside], axis=-1)
        shown = np.ones(every.shape, dtype=bool)
        shown[..., : logits.shape[-1]] = visible
        return softmax(every, shown)[..., : logits.shape[-1]]


PARTS = (Selective, MultiToken, MemorySlots)
