"""A matrix read off a recurrence does what the recurrence does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.arithmetic.recurrence import unit_lines
from attnviz.core.arithmetic.worksheet import Worksheet
from attnviz.core.engine.attend import attend, init_params
from attnviz.core.engine.attention import apply_positions, compute_weights
from attnviz.core.grid import Grid
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.masks import GivenMask, Window
from attnviz.core.variants import find_variant
from attnviz.core.variants.linear import ROWS as LINEAR
from attnviz.core.variants.recurrent import ROWS as RECURRENT
from attnviz.core.variants.state_updates import ROWS as STATE_UPDATES
from attnviz.errors import MisuseError, NumbersError
from tests.core.oracles import ORACLES

HEADS, TOKENS, WIDTH, MODEL = 2, 7, 6, 11
ROWS = RECURRENT + STATE_UPDATES
BY_NAME = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
MIXTURES = [row for row in LINEAR if row.name in ("efficient", "linformer", "nystrom", "luna")]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def make(row, n_query=TOKENS, n_key=TOKENS, seed=0, notes=None):
    """Inputs whose queries are the last positions of one sequence."""
    sizes = Sizes(d=WIDTH, d_model=MODEL, n_head=HEADS, n_query=n_query, n_key=n_key)
    x = numbers(n_key, MODEL, seed=seed + 1)
    made = Inputs(
        query=numbers(HEADS, n_key, WIDTH, seed=seed + 2)[:, n_key - n_query :],
        key=numbers(HEADS, n_key, WIDTH, seed=seed + 3),
        grid=Grid.of(HEADS, n_query, n_key, notes),
        params=init_params(row, sizes, {}, 0, np.float64),
        query_input=x[n_key - n_query :],
        key_input=x,
    )
    return apply_positions(row, made)


def run(row, inputs):
    return compute_weights(row, inputs).weights


@BY_NAME
def test_the_matrix_times_the_values_is_the_output_of_the_recurrence(row):
    inputs, value = make(row), numbers(HEADS, TOKENS, 5, seed=9)
    stepped = ORACLES[row.name](row, inputs, None)  # one pass a unit vector, and linear in them
    assert np.abs(run(row, inputs) @ value - stepped @ value).max() < 1e-12


@BY_NAME
def test_later_tokens_are_masked_and_change_nothing(row):
    inputs = make(row)
    weights = run(row, inputs)
    assert (np.triu(weights, 1) == 0).all()
    first = replace(
        inputs,
        query=inputs.query[:, :4],
        key=inputs.key[:, :4],
        grid=Grid.of(HEADS, 4, 4),
        query_input=inputs.query_input[:4],
        key_input=inputs.key_input[:4],
    )
    np.testing.assert_allclose(run(row, first), weights[:, :4, :4], atol=1e-13)


@BY_NAME
def test_the_last_queries_alone_have_the_same_rows(row):
    part = run(row, make(row, n_query=3))
    np.testing.assert_allclose(part, run(row, make(row))[:, -3:], atol=1e-13)


@BY_NAME
def test_two_sequences_are_refused(row):
    with pytest.raises(MisuseError, match="one sequence: 5 queries do not match 3 keys"):
        attend(numbers(1, 5, 4), numbers(1, 3, 4), variant=row)


@BY_NAME
def test_padding_changes_nothing(row):
    inputs = make(row)
    pad = np.array([0, 0, 1, 0, 0, 1, 1])
    keep = np.flatnonzero(pad == 0)
    poisoned = replace(
        inputs,
        key=np.where(pad[:, None], np.nan, inputs.key),
        key_input=np.where(pad[:, None], np.nan, inputs.key_input),
        grid=Grid.of(HEADS, TOKENS, TOKENS, {"pad": (pad, pad)}),
    )
    padded = replace(row, mask=row.mask & find_variant("padding").mask)
    weights = run(padded, poisoned)
    assert (weights[:, :, pad == 1] == 0).all()
    if row.name == "retention":  # it counts positions, and padding takes some
        return
    alone = replace(
        inputs,
        query=inputs.query[:, keep],
        key=inputs.key[:, keep],
        grid=Grid.of(HEADS, len(keep), len(keep)),
        query_input=inputs.query_input[keep],
        key_input=inputs.key_input[keep],
    )
    np.testing.assert_allclose(weights[:, keep][:, :, keep], run(row, alone), atol=1e-13)


@pytest.mark.parametrize("row", [r for r in ROWS if r.mixer], ids=lambda row: row.name)
def test_a_memory_cannot_forget_for_some_queries_only(row):
    with pytest.raises(MisuseError, match="keeps a state over all past keys"):
        run(replace(row, mask=row.mask & Window(window=2)), make(row))


@pytest.mark.parametrize("row", MIXTURES, ids=lambda row: row.name)
def test_a_mixture_hides_keys_from_all_or_from_none(row):
    shown = np.ones((TOKENS, TOKENS), dtype=bool)
    shown[:, 2] = False
    inputs = make(row)
    hidden = run(replace(row, mask=GivenMask(shown)), inputs)
    assert (hidden[:, :, 2] == 0).all()
    poisoned = replace(inputs, key=np.where(shown[0][:, None], inputs.key, np.nan))
    np.testing.assert_array_equal(run(replace(row, mask=GivenMask(shown)), poisoned), hidden)
    shown[3, 4] = False
    with pytest.raises(MisuseError, match="mixes keys"):
        run(replace(row, mask=GivenMask(shown)), inputs)


def test_a_matrix_that_is_not_finite_is_refused():
    row = find_variant("gla")
    inputs = make(row)
    with pytest.raises(NumbersError, match="head 0, query 3, key 3 is nan"):
        run(row, replace(inputs, key=np.where(np.arange(7)[:, None] == 3, np.nan, inputs.key)))


def test_a_key_written_twice_has_its_last_value():
    """What the delta rule is for, with β = 1: the old value is gone, not added to."""
    row = find_variant("delta")
    key = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    sure = {"w_write": np.full((1, 1, 2), 1e3)}
    weights = attend(key, key, variant=row, learned=sure).weights
    np.testing.assert_allclose(weights, [[[1, 0], [0, 1]]], atol=1e-12)


def test_retention_fades_at_the_published_paces():
    row = find_variant("retention")
    same = np.zeros((4, 3, 2))
    same[..., 0] = 1.0
    weights = run(row, Inputs(query=same, key=same, grid=Grid.of(4, 3, 3)))
    paces = weights[:, 2, 1] / weights[:, 2, 2]
    np.testing.assert_allclose(paces, 1 - 2.0 ** -np.arange(5, 9), rtol=1e-15)


@pytest.mark.parametrize(
    ("vector", "length", "unit"), [([3.0, -4.0], 5.0, [0.6, -0.8]), ([0.0, 0.0], 0.0, [0.0, 0.0])]
)
def test_the_unit_of_a_vector_of_zeros_is_zero(vector, length, unit):
    lines = unit_lines(Worksheet(), "u", "k", np.array(vector))
    assert next(lines).value == length
    with pytest.raises(StopIteration) as end:
        next(lines)
    assert end.value.value.tolist() == unit
