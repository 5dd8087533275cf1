"""Query-to-context attention (BiDAF): one row of weights from the best score of each key."""

from __future__ import annotations

import numpy as np

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
    prefix_stable = False  # the best score is over all queries

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        scores = np.where(shown, logits, -np.inf)
        best = scores.max(1, keepdims=True, initial=-np.inf)
        return softmax(np.broadcast_to(best, scores.shape), shown)


PARTS = (QueryToContext,)
