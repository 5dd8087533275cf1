"""Which arrays are attention weights by their values: sums of rows, scores, and NaN."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.external.cell_values import refuse_scores
from attnviz.sources.external.named_arrays import DEPTH, named_values
from attnviz.sources.external.vector_terms import sums_to_one

HALF = [[0.5, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (HALF, True),
        ([[0.5, 0.5], [0.0, 0.0]], True),  # a masked query
        ([[0.0, 0.0], [0.0, 0.0]], True),
        ([[0.5, 0.4], [1.0, 0.0]], False),
        ([[1.5, -0.5], [1.0, 0.0]], False),
        ([[np.nan, 0.5], [1.0, 0.0]], False),
        ([[np.inf, 0.5], [1.0, 0.0]], False),
        ([0.5, 0.5], False),
        ([[HALF]], True),
        ([[0.5, 0.5], [1.0, 1.0]], False),
    ],
)
def test_rows_of_weights_sum_to_one_or_are_masked(weights, expected):
    assert sums_to_one(np.array(weights, np.float32)) is expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1e29, None),
        (1e30, "values up to 1e.30 are no attention weights"),
        (1e35, "values up to 1e.35 are no attention weights"),
        (np.inf, None),  # refused with its position
        (-8_999.0, None),
        (-9_000.0, "values down to -9e.03 are scores before the softmax.*; add softmax"),
        (-np.inf, "values down to -inf are scores"),
    ],
)
def test_values_of_masked_scores_are_no_weights(value, reason):
    weights = np.array([[0.5, 0.5], [1.0, value]])
    if reason is None:
        refuse_scores(weights)
        return
    with pytest.raises(InvalidInputError, match=reason):
        refuse_scores(weights)


@pytest.mark.parametrize("depth", [1, 2, DEPTH, DEPTH + 1, DEPTH + 2])
def test_mappings_in_mappings_are_joined_to_a_depth_of_twenty(depth):
    source = {"a": np.eye(2)}
    for _ in range(depth):
        source = {"a": source}
    names = list(named_values(source))
    assert names == ["/".join("a" * (depth + 1))] if depth <= 20 else names == ["a"]
