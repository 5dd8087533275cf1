"""The arrays of a map: copies in C order, shared by maps that differ in their metadata."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from attnviz.api.look import look
from attnviz.core.arrays import read_only
from tests.conftest import make_map


def test_the_array_of_a_caller_is_copied():
    weights = np.full((1, 2, 3, 3), 1 / 3)
    amap = replace(make_map(), weights=weights)
    weights[:] = 0.0
    assert (amap.weights == 1 / 3).all()
    with pytest.raises(ValueError, match="read-only"):
        amap.weights[0, 0, 0, 0] = 1.0


def test_maps_of_other_metadata_share_their_arrays():
    visible = np.tril(np.ones((3, 3), bool))
    amap = make_map(visible=visible, query_vectors=np.ones((1, 2, 3, 5)))
    other = replace(amap, meta={"id": "a"})
    for name in ("weights", "visible", "query_vectors"):
        assert getattr(other, name) is getattr(amap, name)


def test_a_read_only_view_of_an_array_that_changes_is_copied():
    base = np.ones((2, 2))
    view = base[:]
    view.setflags(write=False)
    assert read_only(view) is not view


def test_a_run_holds_two_copies_of_the_weights_at_most():
    look("a b", variant="causal")
    tracemalloc.start()
    try:
        amap = look("a b c d " * 200, variant="causal", heads=8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    n_weight = 8 * 800 * 800
    assert amap.weights.size == n_weight
    assert peak < 11 * n_weight  # `memory.BYTES_PER_WEIGHT` counts 9; three copies took 13
