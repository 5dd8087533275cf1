"""Query-to-context attention (BiDAF): one row of weights from the best score of each key."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import Lines, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import broadcast_visible


class QueryToContext(Normalizer):
    """Query-to-context attention: softmax over keys of their best score with any query.

    Formula: softmax over j (max over i of S_ij), the same row for all queries
    Paper: 1611.01603
    """

    name = "query-to-context"
    row_local = False
    n_array = 3
    prefix_stable = False  # the best score is over all queries

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        scores = np.where(shown, logits, -np.inf)
        best = scores.max(1, keepdims=True, initial=-np.inf)
        return softmax(np.broadcast_to(best, scores.shape), shown)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The best score of each key with any query, and the softmax of these."""
        scores = np.where(pair.visible, pair.logits, -np.inf)[pair.head][:, pair.visible_keys]
        rows = [(f"S of query {i}", row) for i, row in enumerate(scores)]
        if len(rows) > 1:
            rows.append((f"max({', '.join(name for name, _ in rows)})", scores.max(0)))
        yield from softmax_lines(pair, *rows)


PARTS = (QueryToContext,)
