"""Every row of the catalogue: equal to its oracle, 0 where masked, with the stated row sum."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.engine.attention import compute_weights
from attnviz.core.engine.blocks import compute_blocks
from attnviz.core.masks import Causal, Full, Mask, Window
from attnviz.core.masks.global_tokens import Sinks
from attnviz.core.positions import NoPosition
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.errors import MisuseError
from tests.core.layers import make_layer, mask_pairs
from tests.core.oracles import ORACLES

ROWS = list(VARIANTS.values())
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def test_every_row_has_an_oracle_and_every_oracle_a_row():
    assert ORACLES.keys() == {row.name for row in ROWS}


def test_names_and_aliases_are_unique():
    names = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


@by_name
def test_agrees_with_its_oracle(row):
    n_query = 1 if row.queries == "single" else 5
    n_key = 5 if row.context == "refused" else 7
    variant, inputs = make_layer(row, n_query=n_query, n_key=n_key)
    expected = ORACLES[row.name](variant, inputs, mask_pairs(variant, inputs))
    result = compute_weights(variant, inputs).weights
    assert result.shape == expected.shape
    assert np.abs(expected).max() > 0, "an oracle of nothing proves nothing"
    assert_allclose(result, expected, rtol=0, atol=1e-12 if row in FIRST else 1e-10)


FIRST = [row for row in ROWS if ORACLES[row.name].__module__.endswith(("basics", "loops"))]


def self_attention(row, n=7):
    """A self-attention layer, and its weights."""
    variant, inputs = make_layer(row, n_query=1 if row.queries == "single" else n, n_key=n)
    return variant, inputs, compute_weights(variant, inputs)


@by_name
def test_masked_weights_are_zero_and_rows_have_the_stated_sum(row):
    _, _, block = self_attention(row)
    assert np.isfinite(block.weights).all()
    visible = np.broadcast_to(block.visible, block.weights.shape)
    assert (block.weights[~visible] == 0.0).all()
    if not row.signed:
        assert (block.weights >= 0).all()
    sums, some = block.weights.sum(-1), visible.any(-1)
    assert (sums[~some] == 0).all()
    if row.row_sum == "1":
        assert_allclose(sums[some], 1.0, atol=1e-12)
    elif row.row_sum == "at most 1":
        assert (sums <= 1 + 1e-12).all()


@pytest.mark.parametrize("row", [r for r in ROWS if r.is_causal], ids=lambda row: row.name)
def test_later_tokens_do_not_change_earlier_rows(row):
    _, _, whole = self_attention(row)
    _, _, part = self_attention(row, n=5)
    assert_allclose(whole.weights[:, :5, :5], part.weights, atol=1e-12)


def test_prefix_stability_can_fail():
    row = find_variant("scaled-dot")
    _, _, whole = self_attention(row)
    _, _, part = self_attention(row, n=5)
    assert not np.allclose(whole.weights[:, :5, :5], part.weights)


class MaskLast(Mask):
    """The last key is masked for all queries."""

    name = "mask-last"

    def __call__(self, grid):
        return grid.k < grid.n_key - 1


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e30])
@by_name
def test_masked_keys_cannot_leak(row, poison):
    variant, inputs, _ = self_attention(replace(row, mask=row.mask & MaskLast()))
    before = compute_weights(variant, inputs).weights
    inputs.key[:, -1] = poison
    assert_array_equal(compute_weights(variant, inputs).weights, before)


def in_blocks(variant, inputs):
    """The weights assembled from blocks, and the number of blocks."""
    grid = inputs.grid
    result = np.zeros((variant.heads.n_output_heads(grid.n_head), grid.n_query, grid.n_key))

    def write(block):
        result[block.indices.heads, block.indices.queries, block.indices.keys] = block.weights

    return result, len(list(compute_blocks(variant, inputs, write)))


@pytest.fixture
def tiny_blocks(monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK_SIZE", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.QUERIES_PER_BLOCK", (2, 2))


@pytest.mark.parametrize("mask", [Full(), Causal() & Window(2), Window(2) | Sinks(1)], ids=str)
@by_name
def test_blocks_of_heads_rows_and_keys_give_the_same_weights(row, mask, tiny_blocks):
    own = row.mask if mask == Full() else row.mask & mask
    variant, inputs = make_layer(replace(row, mask=own), 1 if row.queries == "single" else 7, 7)
    variant = replace(variant, position=NoPosition())  # already applied
    try:
        whole = compute_weights(variant, inputs).weights
    except MisuseError:
        pytest.skip("supports padding masks only")
    result, n_block = in_blocks(variant, inputs)
    if row.row_local and row.queries == "per_token":
        assert n_block >= 4
    assert_allclose(result, whole, rtol=0, atol=1e-15)
