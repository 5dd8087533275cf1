"""Numerically safe functions where their input is at its limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.numerics import (
    divide_by_row_sum,
    exclusive_suffix_sum,
    sigmoid,
    softmax,
    softplus,
    unit_vectors,
)

ROW = np.array([0.0, -1.0, -2.5, -9.0])
EXPECTED = np.exp(ROW) / np.exp(ROW).sum()


@pytest.mark.parametrize(
    ("dtype", "shift"),
    [(np.float32, s) for s in (-95, -60, 60, 87, 1e4)]
    + [(np.float64, s) for s in (-740, -600, 60, 705, 1e6)],
)
def test_a_row_has_the_same_softmax_wherever_it_lies(dtype, shift):
    """Below −87 in float32, exponentials lose digits; above 88 they overflow."""
    weights = softmax((ROW + shift).astype(dtype)[None], np.ones((1, 4), dtype=bool))
    rounding = 4 * np.finfo(dtype).eps * max(1, abs(shift))
    assert_allclose(weights[0], EXPECTED, rtol=rounding, atol=0)


def test_rows_and_vectors_of_zeros_stay_zero():
    """Without a warning, which would be an error here."""
    assert_array_equal(
        divide_by_row_sum(np.array([[0.0, 0.0], [1.0, 3.0]])), [[0, 0], [0.25, 0.75]]
    )
    assert_array_equal(unit_vectors(np.array([[0.0, 0.0], [3.0, 4.0]])), [[0, 0], [0.6, 0.8]])


def test_large_arguments_do_not_overflow():
    x = np.array([-1e4, -1.0, 0.0, 1.0, 1e4])
    assert_allclose(sigmoid(x), [0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1], atol=1e-15)
    assert_allclose(softplus(x), [0, np.log1p(1 / np.e), np.log(2), np.log1p(np.e), 1e4])


def test_the_sum_of_later_keys():
    values = np.array([[1.0, 2.0, 4.0, 8.0]])
    assert_array_equal(exclusive_suffix_sum(values), [[14.0, 12.0, 8.0, 0.0]])
