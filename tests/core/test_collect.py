"""What collectors keep is what one would take from the full map by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.engine.collectors import FullMap
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.pooled_collector import POOLINGS, PooledMap, Stretches
from attnviz.core.grid import Grid
from attnviz.core.part import Inputs
from attnviz.core.seeded_random import draw
from attnviz.core.tokens import Token
from attnviz.core.variants import find_variant

ROWS = ("multihead", "causal", "sliding-window", "longformer", "talking-heads", "cog", "moba")
N_HEAD, N_QUERY, N_KEY = 3, 53, 59


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.STRAIGHT", 1 << 8)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK", 1 << 8)
    monkeypatch.setattr("attnviz.core.engine.blocks.ROWS", (5, 5))


def calls(name, n_layer=2):
    own = find_variant(name).set(heads=N_HEAD)
    for layer in range(n_layer):
        query, key, value = (
            draw((N_HEAD, n, 4), layer, role)
            for n, role in ((N_QUERY, "q"), (N_KEY, "k"), (N_KEY, "v"))
        )
        learned = {n: draw((N_HEAD, N_HEAD), layer, n) for n in ("talk_logits", "talk_weights")}
        grid = Grid.of(N_HEAD, N_QUERY, N_KEY)
        inputs = Inputs(query=query, key=key, grid=grid, learned=learned)
        yield LayerCall(layer=layer, inputs=inputs, value=value, own=own)


def kept(collector, name):
    for call in calls(name):
        collector.attend()(call)
    return collector


def full(name, **wanted):
    return kept(FullMap(**wanted), name)


def cells(array, rows, columns, take):
    """Stretches of 7 queries and 8 keys, by hand.    [query, key] -> [row, column]"""
    return np.array(
        [
            [take(array[i : i + rows, j : j + columns]) for j in range(0, N_KEY, columns)]
            for i in range(0, N_QUERY, rows)
        ]
    )


BY_HAND = {
    "share": lambda cell: cell.sum(1).mean(),
    "mean": np.mean,
    "strongest": lambda cell: cell.ravel()[np.abs(cell).argmax()],
}


@pytest.mark.parametrize("by", POOLINGS)
@pytest.mark.parametrize("name", ROWS)
def test_a_pooled_map_is_the_full_map_pooled(name, by):
    whole, pooled = full(name, heads=[2, 0]), kept(PooledMap(heads=[2, 0], most=8), name)
    assert pooled.kept == whole.kept == [0, 1]
    for layer, sheet in enumerate(pooled.sheets):
        made = POOLINGS[by][0](sheet)
        for at in range(2):
            expected = cells(whole.weights[layer][at], 7, 8, BY_HAND[by])
            assert_allclose(made[at], expected, atol=1e-6)
            visible = np.broadcast_to(whole.visible[layer], whole.weights[layer].shape)
            assert_array_equal(sheet.visible[at], cells(visible[at], 7, 8, np.any))


def test_shares_of_a_row_sum_to_what_the_row_did():
    (sheet, _) = kept(PooledMap(most=8), "causal").sheets
    assert_allclose(sheet.share().sum(-1), 1.0, atol=1e-12)


def test_stretches_are_named_by_their_ends():
    tokens = tuple(Token(w, w, i, i + 1) for i, w in enumerate("abcdefg"))
    labels = Stretches.at_most(7, 3).labels(tokens)
    assert [t.label for t in labels] == ["a…c", "d…f", "g"]
    assert [(t.start, t.end) for t in labels] == [(0, 3), (3, 6), (6, 7)]
