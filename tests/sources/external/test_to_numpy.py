"""Arrays as floats: the bytes that they take are known before they are read."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.sources.external.to_numpy import float_bytes


@pytest.mark.parametrize(
    ("dtype", "n_byte", "n_copied"),
    [("f4", 4, 8), ("f8", 8, 16), ("f2", 8, 8), ("i8", 16, 16), ("?", 16, 16), ("u1", 16, 16)],
)
def test_an_array_takes_its_floats_and_a_flag_for_each_value(dtype, n_byte, n_copied):
    """float16 and float32 become float32, others float64; those that are floats are not copied."""
    shape = (2, 3, 5)
    assert float_bytes(shape, dtype) == 30 * (n_byte + 1)
    assert float_bytes(shape, np.dtype(dtype), is_copied=True) == 30 * (n_copied + 1)
    assert float_bytes((), dtype) == n_byte + 1
