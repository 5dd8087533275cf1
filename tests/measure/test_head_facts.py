"""Facts of heads in one pass: blocks and threads change nothing, and nothing is kept for long."""

from __future__ import annotations

import gc
from dataclasses import replace
from weakref import ref

import numpy as np
import pytest

from attnviz.api.blas_threads import use_threads
from attnviz.measures import agreement, head_facts
from attnviz.measures.agreement import join_clusters, layer_agreement
from attnviz.measures.head_facts import find_head_facts, find_patterns, head_blocks
from attnviz.measures.head_summary import summarize_head
from attnviz.measures.once_per_map import once_per_map, once_per_text, take_block
from attnviz.measures.sink import sink_cells
from attnviz.measures.values import measure_heads
from tests.measure.maps import SHARED_OUT, UNSHARED, causal, leaky, plain


def unmasked_causal():
    """Zeros on later keys, without a mask; its first head alone is not causal."""
    amap = causal()
    weights = amap.weights.copy()
    weights[0, 0] = plain().weights[0, 0]
    return replace(amap, weights=weights, visible=None)


MAKERS = (*SHARED_OUT, *UNSHARED, lambda: replace(causal(), visible=None), unmasked_causal)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("block", [1, 150, 1 << 19], ids="{} weights".format)
def test_facts_are_those_of_the_whole_map(make, block, monkeypatch):
    amap = make()
    monkeypatch.setattr(head_facts, "BLOCK_SIZE", block)
    with use_threads(2):
        facts = find_head_facts(amap)
    for (layer, head), summary in facts.summaries.items():
        assert summary == summarize_head(amap, layer, head)
    assert len(facts.summaries) == amap.n_layer * amap.n_head
    measures = measure_heads(amap)
    for name in ("entropy", "distance", "sink"):
        expected = measures.get(name, np.full(amap.weights.shape[:2], np.nan))
        found = facts.measures.get(name, np.full(amap.weights.shape[:2], np.nan))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    if make in SHARED_OUT:  # a pattern of distributions depends on the rows of its own head
        assert facts.patterns == find_patterns(amap)


def test_a_map_without_a_mask_is_causal_only_if_all_its_heads_are(monkeypatch):
    monkeypatch.setattr(head_facts, "BLOCK_SIZE", 1)
    even = np.tril(np.ones((7, 7)))
    weights = np.stack([np.ones((7, 7)), even])
    amap = replace(
        plain(n_layer=1, n_head=2), weights=(weights / weights.sum(-1, keepdims=True))[None]
    )
    name, score = find_head_facts(amap).patterns[0, 1]
    assert (name, score) == find_patterns(amap)[0, 1]
    assert score < 1.0 == find_head_facts(amap.select(heads=[1])).patterns[0, 1][1]


@pytest.mark.parametrize("shape", [(1, 1, 7, 7), (3, 5, 7, 7), (2, 4, 2000, 2000), (2, 3, 0, 0)])
def test_blocks_hold_each_head_once(shape):
    seen = np.zeros(shape[:2], int)
    for block in head_blocks(*shape):
        seen[block] += 1
        assert seen[block].size * shape[2] * shape[3] <= head_facts.BLOCK_SIZE or (
            seen[block].size == 1
        )
    assert (seen == 1).all()


def test_what_measures_share_is_computed_once_and_dropped_with_its_map():
    calls = []
    of_map = once_per_map(lambda amap: calls.append(amap.heads) or np.zeros(1))
    of_text = once_per_text(lambda amap: calls.append("text") or np.zeros(1))
    amap = plain()
    blocks = [take_block(amap, slice(0, 1), slice(at, at + 1)) for at in (0, 1)]
    for block in blocks * 2:
        assert not of_map(block).flags.writeable
        of_text(block)
    assert calls == [(0,), "text", (1,)]
    cells = ref(sink_cells(blocks[0]))
    assert cells() is not None
    del amap, blocks, block
    gc.collect()
    assert cells() is None


@pytest.mark.parametrize("make", [plain, causal, leaky])
def test_agreement_is_the_same_head_by_head_and_all_at_once(make, monkeypatch):
    at_once = layer_agreement(make())
    monkeypatch.setattr(agreement, "BLOCK_SIZE", 1)
    np.testing.assert_allclose(layer_agreement(make()), at_once, rtol=1e-12)


def test_clusters_are_joined_by_their_mean_divergence_up_to_the_limit():
    """Average linkage: that of heads 0, 1, 2 from head 3 is (0.1 + 0.1 + 0.4) / 3."""
    divergence = np.array(
        [
            [0.0, 0.01, 0.05, 0.1],
            [0.01, 0.0, 0.05, 0.1],
            [0.05, 0.05, 0.0, 0.4],
            [0.1, 0.1, 0.4, 0.0],
        ]
    )
    for limit, clusters in ((0.22, (0,) * 4), (0.19, (0, 0, 0, 1)), (0.02, (0, 0, 1, 2))):
        assert join_clusters(divergence, limit) == clusters
