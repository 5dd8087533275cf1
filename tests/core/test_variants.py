"""Every row of the catalogue: equal to its oracle, exact where hidden, true to its law."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.engine.attention import compute_weights
from attnviz.core.engine.blocks import blocks
from attnviz.core.masks import Causal, Full, Mask, Window
from attnviz.core.masks.global_tokens import Sinks
from attnviz.core.positions import NoPosition
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.errors import MisuseError
from tests.core.layers import layer, sees
from tests.core.oracles import ORACLES

ROWS = list(VARIANTS)
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def test_every_row_has_an_oracle_and_every_oracle_a_row():
    assert ORACLES.keys() == {row.name for row in ROWS}


def test_names_and_aliases_are_unique():
    names = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


@by_name
def test_agrees_with_its_oracle(row):
    n_query = 1 if row.asks == "sentence" else 5
    n_key = 5 if row.context == "refused" else 7
    variant, inputs = layer(row, n_query=n_query, n_key=n_key)
    expected = ORACLES[row.name](variant, inputs, sees(variant, inputs))
    made = compute_weights(variant, inputs).weights
    assert made.shape == expected.shape
    assert np.abs(expected).max() > 0, "an oracle of nothing proves nothing"
    assert_allclose(made, expected, rtol=0, atol=1e-12 if row in FIRST else 1e-10)


FIRST = [row for row in ROWS if ORACLES[row.name].__module__.endswith(("basics", "loops"))]


def at_itself(row, n=7):
    """A layer that looks at itself, and what it weighs."""
    variant, inputs = layer(row, n_query=1 if row.asks == "sentence" else n, n_key=n)
    return variant, inputs, compute_weights(variant, inputs)


@by_name
def test_hidden_is_exactly_zero_and_rows_keep_their_law(row):
    _, _, block = at_itself(row)
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


@pytest.mark.parametrize("row", [r for r in ROWS if r.causal], ids=lambda row: row.name)
def test_later_tokens_do_not_change_earlier_rows(row):
    _, _, whole = at_itself(row)
    _, _, part = at_itself(row, n=5)
    assert_allclose(whole.weights[:, :5, :5], part.weights, atol=1e-12)


def test_prefix_stability_can_fail():
    row = find_variant("scaled-dot")
    _, _, whole = at_itself(row)
    _, _, part = at_itself(row, n=5)
    assert not np.allclose(whole.weights[:, :5, :5], part.weights)


class HideLast(Mask):
    """The last key is hidden from all."""

    name = "hide-last"

    def __call__(self, grid):
        return grid.k < grid.n_key - 1


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e30])
@by_name
def test_what_is_hidden_cannot_leak(row, poison):
    variant, inputs, _ = at_itself(replace(row, mask=row.mask & HideLast()))
    before = compute_weights(variant, inputs).weights
    inputs.key[:, -1] = poison
    assert_array_equal(compute_weights(variant, inputs).weights, before)


def in_blocks(variant, inputs):
    """The weights put together from blocks, and how many there were."""
    grid = inputs.grid
    made = np.zeros((variant.heads.made_of(grid.n_head), grid.n_query, grid.n_key))

    def write(block):
        made[block.place.heads, block.place.rows, block.place.keys] = block.weights

    return made, len(list(blocks(variant, inputs, write)))


@pytest.fixture
def tiny_blocks(monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.STRAIGHT", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK", 0)
    monkeypatch.setattr("attnviz.core.engine.blocks.ROWS", (2, 2))


@pytest.mark.parametrize("mask", [Full(), Causal() & Window(2), Window(2) | Sinks(1)], ids=str)
@by_name
def test_blocks_of_heads_rows_and_keys_give_the_same_weights(row, mask, tiny_blocks):
    own = row.mask if mask == Full() else row.mask & mask
    variant, inputs = layer(replace(row, mask=own), 1 if row.asks == "sentence" else 7, 7)
    variant = replace(variant, position=NoPosition())  # turned already
    try:
        whole = compute_weights(variant, inputs).weights
    except MisuseError:
        pytest.skip("mixes keys that a mask would part")
    made, n_block = in_blocks(variant, inputs)
    if row.row_local and row.asks == "tokens":
        assert n_block >= 4
    assert_allclose(made, whole, rtol=0, atol=1e-15)
