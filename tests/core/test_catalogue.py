"""Properties of the whole catalogue: of every part of a slot, and of every row."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.core.compose.grammar import parse_part
from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import compute_weights
from attnviz.core.inputs import Sizes
from attnviz.core.masks import Causal
from attnviz.core.part import Part
from attnviz.core.registry import SLOTS, parts_for
from attnviz.core.scales import Factor
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.errors import MisuseError
from tests.core.layers import make_layer

PARTS = [(slot, part) for slot in SLOTS for part in parts_for(slot)]
ROWS = [row for row in VARIANTS.values() if row.mixer is None]

every_part = pytest.mark.parametrize(
    ("slot", "part"), PARTS, ids=lambda x: x if isinstance(x, str) else x.name
)
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)

SIZES = Sizes(d=6, d_model=11, n_head=2, n_query=5, n_key=7)


@pytest.mark.parametrize(
    ("slot", "part"),
    [(slot, part) for slot, part in PARTS if slot not in ("heads", "mixer")],  # not in the grammar
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_the_text_of_a_part_parses_to_the_same_part(slot, part):
    assert parse_part(slot, str(part())) == part()


BEYOND = [
    pytest.param(part, name, beyond, id=f"{slot}-{part.name}-{name}-{beyond}")
    for slot, part in PARTS
    for name, (low, high) in part.limits.items()
    for beyond in (low - 1, high + 1)
    if np.isfinite(beyond)
]


@pytest.mark.parametrize(("part", "name", "beyond"), BEYOND)
def test_a_value_outside_the_limits_of_a_part_is_an_error(part, name, beyond):
    with pytest.raises(MisuseError, match=name):
        part(**{name: beyond})


def test_every_tunable_with_limits_is_tried_outside_them():
    limited = {(part.name, name) for _, part in PARTS for name in part.limits}
    assert {(case.values[0].name, case.values[1]) for case in BEYOND} == limited
    assert limited


def test_a_tunable_name_has_one_type():
    kinds = {}
    for _, part in PARTS:
        for f in fields(part):
            kinds.setdefault(f.name, set()).add(str(f.type))
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}


def test_no_two_parts_have_parameters_of_one_name():
    owners = {}
    for _, part in PARTS:
        for name in part().param_shapes(SIZES):
            owners.setdefault(name, set()).add(part.name)
    assert {name: who for name, who in owners.items() if len(who) > 1} == {}


def test_names_of_parts_are_unique_in_their_slot():
    names = [(slot, part.name) for slot, part in PARTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", list(VARIANTS.values()), ids=lambda row: row.name)
def test_a_row_has_its_descriptions(row):
    assert row.summary and row.formula and row.purpose and row.group and row.cost
    assert not row.summary.endswith(".") and row.purpose.endswith(".")
    assert len(row.summary) <= 90


@every_row
def test_huge_scores_give_finite_weights(row):
    variant, inputs = make_layer(row, n_query=1 if row.queries == "single" else 7)
    for sign in (1.0, -1.0):
        try:
            block = compute_weights(variant, replace(inputs, query=1e4 * sign * inputs.query))
        except MisuseError:
            assert not row.row_local, "each row for itself can always be weighed"
            continue
        assert np.isfinite(block.weights).all()
        visible = np.broadcast_to(block.visible, block.weights.shape)
        assert (block.weights[~visible] == 0.0).all()
        if row.row_sum == "1":
            assert_allclose(block.weights.sum(-1)[visible.any(-1)], 1.0, atol=1e-11)


@every_row
def test_inputs_are_not_modified(row):
    """Scores are scaled in place, so they must not share memory with the inputs."""
    variant, inputs = make_layer(row, n_query=1 if row.queries == "single" else 7)
    given = {"query": inputs.query, "key": inputs.key, **inputs.params}
    before = {name: np.array(array) for name, array in given.items()}
    compute_weights(replace(variant, scale=Factor(scale=3.0)), inputs)
    for name, array in given.items():
        assert np.array_equal(array, before[name]), name


ARRAYS = [row for row in VARIANTS.values() if row.has_projections]  # the others need words


@pytest.mark.parametrize("row", ARRAYS, ids=lambda row: row.name)
def test_attend_needs_arrays_only_and_float32_is_close_to_float64(row):
    query = draw_uniform((2, 5, 6), "arrays")
    key = draw_uniform((2, 5 if row.context == "refused" else 7, 6), "arrays of keys")
    exact = attend(query, key, variant=row).weights
    near = attend(query.astype(np.float32), key.astype(np.float32), variant=row).weights
    assert near.dtype == np.float32
    assert_allclose(near, exact, rtol=0, atol=1e-5)


def pieces(node):
    """All parts in a tree of parts."""
    if isinstance(node, tuple):
        for child in node:
            yield from pieces(child)
    elif is_dataclass(node):
        if isinstance(node, Part):
            yield node
        for f in fields(node):
            yield from pieces(getattr(node, f.name))


def first_rows_agree(row, n=5):
    """Whether the first rows of a longer causal layer are those of the shorter one."""
    row = replace(row, mask=row.mask & Causal())
    variant, inputs = make_layer(row, n_query=7)
    whole = compute_weights(variant, inputs).weights
    sizes = replace(SIZES, n_head=inputs.query.shape[0], n_query=n, n_key=n)
    learned = {
        name: inputs.params[name][(slice(None), *map(slice, shape))]
        for name, shape in variant.param_shapes(sizes).items()
    }
    variant, inputs = make_layer(row, n_query=n, n_key=n, params=learned)
    return np.allclose(
        whole[:, :n, :n], compute_weights(variant, inputs).weights, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.queries == "per_token"], ids=lambda row: row.name
)
def test_prefix_stable_states_whether_later_tokens_change_earlier_rows(row):
    assert first_rows_agree(row) == all(part.prefix_stable for part in pieces(row))


def test_without_a_causal_mask_later_tokens_change_earlier_rows():
    variant, inputs = make_layer(find_variant("scaled-dot"), n_query=7)
    whole = compute_weights(variant, inputs).weights
    variant, inputs = make_layer(find_variant("scaled-dot"), n_query=5, n_key=5)
    assert not np.allclose(whole[:, :5, :5], compute_weights(variant, inputs).weights)
