"""Selection of layers and heads: what is read, what is refused, and the mean and maximum."""

import re

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.reduction import REDUCTIONS, reduce_heads, reduce_layers
from attnviz.core.selection import MAX_RANGE, HeadSelection
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError

N_LAYER, N_HEAD = 6, 12


def resolve(layers=None, heads=None):
    """The numbers selected of 6 layers and 12 heads."""
    return HeadSelection.parse(layers, heads).resolve(range(N_LAYER), range(N_HEAD))


@pytest.mark.parametrize(
    ("layers", "heads", "expected"),
    [
        (None, None, (None, None)),
        ("0,2-4", "11", ((0, 2, 3, 4), (11,))),
        ("-1", "-2", ((5,), (10,))),
        ("-3--1", "8--1", ((3, 4, 5), (8, 9, 10, 11))),
        ("1,1,0-1", None, ((1, 0), None)),
        (2, [3, -1], ((2,), (3, 11))),
        (range(2), np.int64(4), ((0, 1), (4,))),
        (None, "2.9", ((2,), (9,))),
        ("2", "2.9", ((2,), (9,))),
        (None, "-1.-1", ((5,), (11,))),
        (None, "2.9, 2.3", ((2,), (9, 3))),
        (None, "1.4,3.4", ((1, 3), (4,))),
        (None, "3.*", ((3,), tuple(range(12)))),
        ("mean", "0", (None, (0,))),
        ("3", "max", ((3,), None)),
    ],
)
def test_what_is_selected(layers, heads, expected):
    assert resolve(layers, heads) == expected


@pytest.mark.parametrize(
    ("layers", "heads", "says"),
    [
        ("6", None, "there is no layer 6; there are 0 to 5"),
        ("-7", None, "there is no layer -7; there are 0 to 5, or -6 to -1 from the end"),
        (None, "2.12", "there is no head 12; there are 0 to 11"),
        (None, "7.2", "there is no layer 7; there are 0 to 5"),
        ("4-2", None, "the range 4-2 is empty"),
        ("4--4", None, "the range of layers 4--4 is empty: it is 4-2"),
        ("3", "2.9", "contradict each other"),
        ("mean", "2.9", "contradict each other"),
        (None, "2.9,3.4", "same heads of each layer"),
        (None, "2.9,4", "same heads of each layer"),
        (None, "mean,1", "list such as 0,2-5"),
        ("2.9", None, "list such as 0,2-5"),
        ([], None, "empty list"),
        (None, 2.9, "not a whole number; write '2.9' for LAYER.HEAD"),
        (True, None, "not a whole number"),
        (None, [None], "not a whole number"),
    ],
)
def test_what_is_refused(layers, heads, says):
    with pytest.raises(MisuseError, match=re.escape(says)):
        resolve(layers, heads)


PAIRS = ", or LAYER.HEAD as in 2.9"


@pytest.mark.parametrize(
    ("layers", "heads", "end"), [("x", None, "mean, max or min"), (None, "x", PAIRS.lstrip(", "))]
)
def test_pairs_are_suggested_for_heads_alone(layers, heads, end):
    with pytest.raises(MisuseError, match=re.escape(end) + "$") as caught:
        resolve(layers, heads)
    assert (PAIRS in str(caught.value)) == (heads is not None)


def test_a_range_has_a_maximum_length():
    for first in (0, 7):
        last = first + MAX_RANGE - 1
        assert HeadSelection.parse(f"{first}-{last}").layers == ((first, last),)
        for beyond in (last + 1, last + 2, 999_999):
            with pytest.raises(MisuseError, match=f"{first}-{beyond} is empty or too long"):
                HeadSelection.parse(f"{first}-{beyond}")
    assert HeadSelection.parse("3-3").layers == ((3, 3),)


def random_map(n_layer=3, n_head=4, visible=None, **meta):
    """Random rows that sum to 1 over the visible keys."""
    weights = np.random.default_rng(0).random((n_layer, n_head, 5, 5))
    weights = weights if visible is None else np.where(visible, weights, 0.0)
    sums = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    tokens = tuple(Token(c, c) for c in "abcde")
    return AttentionMap(tokens, tokens, weights, visible, meta=meta)


@pytest.mark.parametrize("how", REDUCTIONS)
def test_heads_then_layers_are_combined(how):
    amap = random_map()
    reduced = HeadSelection.parse(how, how).apply(amap)
    function = getattr(np, how)
    assert np.allclose(reduced.weights[0, 0], function(function(amap.weights, 1), 0))
    assert reduced.head_name(0, 0) == f"{how} of 3 layers · {how} of 4 heads"
    assert str(reduced.meta["reduced"]).startswith(f"{how} of 4 heads")
    assert reduced.row_sum == {"mean": "1", "max": "any", "min": "at most 1"}[how]


def test_a_selection_of_layers_keeps_its_numbers():
    reduced = HeadSelection.parse("1-2", "mean").apply(random_map())
    assert reduced.layers == (1, 2) and reduced.head_name(1, 0) == "layer 2 · mean of 4 heads"


def test_masked_weights_are_no_maximum_and_stay_masked():
    visible = np.tril(np.ones((1, 2, 5, 5), bool))
    visible[0, 0, 4] = False
    amap = random_map(1, 2, visible, signed=True)
    negative = AttentionMap(
        amap.queries, amap.keys, -amap.weights, visible, meta={"row_sum": "any", "signed": True}
    )
    largest = reduce_heads(negative, "max")
    assert np.array_equal(largest.masked[0, 0], ~visible[0].any(0))
    assert np.array_equal(largest.weights[0, 0, 4], negative.weights[0, 1, 4])
    assert (largest.weights[largest.masked] == 0).all()


def test_a_mean_of_rows_that_some_heads_mask_sums_to_less():
    visible = np.ones((1, 2, 5, 5), bool)
    visible[0, 0, 4] = False
    reduced = reduce_heads(random_map(1, 2, visible), "mean")
    assert reduced.row_sum == "at most 1" and np.isclose(reduced.row_sums[0, 0, 4], 0.5)


def test_one_head_is_unchanged_by_its_reduction():
    amap = random_map(n_head=1)
    for how in REDUCTIONS:
        reduced = reduce_heads(amap, how)
        assert np.array_equal(reduced.weights, amap.weights) and reduced.row_sum == "1"


def test_heads_of_a_comparison_are_not_combined():
    amap = random_map(n_head=2)
    named = AttentionMap(amap.queries, amap.keys, amap.weights, names=("a", "b"))
    with pytest.raises(MisuseError, match="comparison"):
        reduce_heads(named, "mean")
    assert reduce_layers(named, "mean").names == ("a", "b")


def test_an_explanation_takes_a_single_head():
    assert HeadSelection.parse(None, None).resolve_single(range(6), range(12)) == (0, 0)
    assert HeadSelection.parse(None, "2.9").resolve_single(range(6), range(12)) == (2, 9)
    for layers, heads in (("mean", None), (None, "0,1"), ("-2--1", None)):
        with pytest.raises(MisuseError, match="single head"):
            HeadSelection.parse(layers, heads).resolve_single(range(6), range(12))
