"""The arrays of a map: copies in C order, shared by maps that differ in their metadata."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from attnviz.api.look import look
from attnviz.api.write import write
from attnviz.core.arrays import read_only
from attnviz.sources.external import read
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


def test_a_run_holds_the_weights_once():
    look("a b", variant="causal")
    tracemalloc.start()
    try:
        amap = look("a b c d " * 200, variant="causal", heads=8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    n_weight = 8 * 800 * 800
    assert amap.weights.size == n_weight
    assert peak < 6 * n_weight  # `memory.BYTES_PER_WEIGHT` counts 6; a second copy took 9


def test_all_of_a_read_only_array_is_shared_and_a_part_of_it_is_copied():
    base = np.ones((4, 600))
    base.setflags(write=False)
    whole = base.reshape(2, 2, 600)
    assert read_only(whole) is whole
    for part in (base[:2], base[:, ::2], base.T):
        assert read_only(part) is not part
        assert not read_only(part).flags.writeable


def test_a_map_from_npz_keeps_the_array_that_was_read(tmp_path):
    amap = replace(make_map("ab" * 150, n_layer=2), weights=np.ones((2, 2, 300, 300), np.float32))
    write(amap, tmp_path / "a.npz")
    back = read(tmp_path / "a.npz")
    assert (back.weights == 1).all() and not back.weights.flags.writeable
    member = back.weights.base  # the bytes of the file's member, header included
    assert member.flags.owndata and member.nbytes == amap.weights.nbytes + 128
