"""Collectors: pooled maps equal the full map pooled by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.pooled_collector import POOLINGS, PooledCollector, TokenBins
from attnviz.core.grid import Grid
from attnviz.core.inputs import Inputs
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.tokens import Token
from attnviz.core.variants import VARIANTS, find_variant
from tests.core.layers import make_layer

ROWS = ("multihead", "causal", "sliding-window", "longformer", "talking-heads", "cog", "moba")
N_HEAD, N_QUERY, N_KEY = 3, 53, 59


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 1 << 8)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK_SIZE", 1 << 8)
    monkeypatch.setattr("attnviz.core.engine.blocks.QUERIES_PER_BLOCK", (5, 5))


def calls(name, n_layer=2):
    own = find_variant(name).with_tunables(heads=N_HEAD)
    for layer in range(n_layer):
        query, key, value = (
            draw_uniform((N_HEAD, n, 4), layer, role)
            for n, role in ((N_QUERY, "q"), (N_KEY, "k"), (N_KEY, "v"))
        )
        params = {
            n: draw_uniform((N_HEAD, N_HEAD), layer, n) for n in ("talk_logits", "talk_weights")
        }
        grid = Grid.of(N_HEAD, N_QUERY, N_KEY)
        inputs = Inputs(query=query, key=key, grid=grid, params=params)
        yield LayerCall(layer=layer, inputs=inputs, value=value, variant=own)


def record(collector, name):
    for call in calls(name):
        collector.callback()(call)
    return collector


def full(name, **options):
    return record(FullCollector(**options), name)


def cells(array, rows, columns, take):
    """Cells of 7 queries and 8 keys, by hand.    [query, key] -> [row, column]"""
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
    whole, pooled = (
        full(name, heads=[2, 0]),
        record(PooledCollector(heads=[2, 0], max_bins=8), name),
    )
    assert pooled.recorded_layers == whole.recorded_layers == [0, 1]
    for layer, accumulator in enumerate(pooled.accumulators):
        pooled_map = POOLINGS[by][0](accumulator)
        for at in range(2):
            expected = cells(whole.weights[layer][at], 7, 8, BY_HAND[by])
            assert_allclose(pooled_map[at], expected, atol=1e-6)
            visible = np.broadcast_to(whole.visible[layer], whole.weights[layer].shape)
            assert_array_equal(accumulator.visible[at], cells(visible[at], 7, 8, np.any))


def test_pooling_by_share_preserves_row_sums():
    (accumulator, _) = record(PooledCollector(max_bins=8), "causal").accumulators
    assert_allclose(accumulator.mean_mass().sum(-1), 1.0, atol=1e-12)


def test_bins_are_labelled_by_their_first_and_last_token():
    tokens = tuple(Token(w, w, i, i + 1) for i, w in enumerate("abcdefg"))
    labels = TokenBins.at_most(7, 3).labels(tokens)
    assert [t.label for t in labels] == ["a…c", "d…f", "g"]
    assert [(t.start, t.end) for t in labels] == [(0, 3), (3, 6), (6, 7)]


def test_blocks_write_every_weight_of_a_map_that_begins_without_values(monkeypatch):
    """Memory is not cleared where no key is left out: a weight that no block wrote would show."""
    empty = np.empty

    def empty_of_nan(shape, dtype=float, **options):
        array = empty(shape, dtype, **options)
        array.fill(np.nan if array.dtype.kind == "f" else 0)
        return array

    rows = [row for row in VARIANTS.values() if row.queries == "per_token"]
    layers = [make_layer(row, n_query=7, n_key=7) for row in rows]
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK_SIZE", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.QUERIES_PER_BLOCK", (2, 2))
    monkeypatch.setattr(np, "empty", empty_of_nan)
    for variant, inputs in layers:
        collector = FullCollector()
        value = np.zeros((variant.heads.n_output_heads(len(inputs.query)), 7, 1))
        call = LayerCall(layer=0, inputs=inputs, value=value, variant=variant, needs_output=False)
        collector.callback()(call)
        assert np.isfinite(collector.weights[0]).all(), variant.name


@pytest.mark.parametrize("first", ["multihead", "sliding-window"])
@pytest.mark.parametrize("second", ROWS)
def test_layers_in_one_array_have_the_weights_that_each_has_alone(first, second):
    # The first layer may need no zeros where the second leaves keys out.
    layers = [next(calls(first)), list(calls(second))[1]]
    alone = []
    for call in layers:
        single = FullCollector()
        single.callback()(call)
        alone.append(single.stack_weights()[0])
    for n_layer in (1, 2, 3):  # of an unknown number, of all, of more than run
        collector = FullCollector(n_layer=n_layer)
        for call in layers:
            collector.callback()(call)
        stacked = collector.stack_weights()
        assert_array_equal(stacked, np.stack(alone))
        assert not stacked.flags.writeable
        assert (stacked is collector.all_weights) == (n_layer == 2)
