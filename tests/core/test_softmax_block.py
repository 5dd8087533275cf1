"""Softmax in one array: the same bits as the general path, which has all that it leaves out."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from attnviz.core.compose.grammar import parse_mask
from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import compute_weights
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.softmax_block import compute_softmax_block, is_dot_softmax
from attnviz.core.grid import FULL_BLOCK, Grid
from attnviz.core.inputs import Inputs
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variant import Variant
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.errors import NumbersError

HEAD, N, D = 3, 11, 5
MASKS = ("full", "causal", "causal & window(3)", "~window(2) | sinks(1)")


def make_inputs(dtype, factor=1.0):
    query, key = (factor * draw_uniform((HEAD, N, D), "softmax", name) for name in "qk")
    return Inputs(query=query.astype(dtype), key=key.astype(dtype), grid=Grid.of(HEAD, N, N))


def masked_variant(mask="full"):
    return Variant(name="row", summary="", formula="", mask=parse_mask(mask))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_are_those_of_the_general_path(dtype):
    for mask in MASKS:
        for factor in (1.0, 2.0, 1e-30):
            variant, inputs = masked_variant(mask), make_inputs(dtype, factor)
            memory = np.full((HEAD, N, N), np.nan, dtype)
            block = compute_softmax_block(variant, inputs, FULL_BLOCK, memory)
            assert block is not None and np.shares_memory(block.weights, memory)
            expected = compute_weights(variant, inputs)
            assert_array_equal(block.weights, expected.weights)
            assert_array_equal(block.visible, expected.visible)


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: inputs.query.__imul__(1e4),  # the maximum has to be subtracted
        lambda inputs: inputs.key.__setitem__((1, 2, 0), np.nan),
        lambda inputs: inputs.key.__setitem__((1, 2, 0), np.inf),
    ],
)
def test_numbers_out_of_range_are_left_to_the_general_path(change):
    inputs = make_inputs(np.float32)
    change(inputs)
    assert compute_softmax_block(masked_variant(), inputs, FULL_BLOCK) is None


def test_rows_without_a_key_and_mixed_types_are_left_to_the_general_path():
    inputs = make_inputs(np.float32)
    assert compute_softmax_block(masked_variant("~window(99)"), inputs, FULL_BLOCK) is None
    mixed = Inputs(query=inputs.query, key=inputs.key.astype(float), grid=inputs.grid)
    assert compute_softmax_block(masked_variant(), mixed, FULL_BLOCK) is None


def test_mechanisms_with_other_parts_are_left_to_the_general_path():
    rows = dict(VARIANTS)
    plain = {name for name, row in rows.items() if is_dot_softmax(row)}
    assert {"scaled-dot", "causal", "sliding-window", "rope", "grouped-query"} <= plain
    assert not plain & {"alibi", "additive", "talking-heads", "softmax-one", "linear", "top-k"}
    for pipeline in (rows[name].pipeline for name in plain):
        assert "dot" in pipeline and "softmax" in pipeline


def test_heads_in_another_order_and_fewer_heads_are_copied():
    inputs, variant = make_inputs(np.float32), find_variant("causal")
    call = LayerCall(layer=0, inputs=inputs, value=inputs.key, variant=variant)
    expected = compute_weights(variant, inputs).weights
    for heads in ([2, 0, 1], [1], None):
        collector = FullCollector(heads=heads)
        collector.callback()(call)
        own = expected if heads is None else expected[heads]
        assert_array_equal(collector.weights[0], own)


def test_one_bad_head_of_a_layer_is_located_and_the_other_layers_stay_right():
    query, key = make_inputs(np.float32).query, make_inputs(np.float32).key
    first = attend(query, key, key)
    before = first.weights.copy(), first.output.copy()
    attend(2 * query, key, key)
    assert_array_equal(first.weights, before[0])
    assert_array_equal(first.output, before[1])
    key = key.copy()
    key[1, 2, 0] = np.nan
    with pytest.raises(NumbersError, match="head 1, query 0, key 2 is nan"):
        attend(query, key, key)
