"""Attention rollout and attention flow."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.flow import flow
from attnviz.measures.rollout import rollout
from tests.measure.make_flows import CASES, PATH
from tests.measure.maps import SHARED_OUT, UNSHARED, causal, leaky, only_at, plain


def mixed(amap):
    """½ (mean of heads + I) of each layer, number by number."""
    n = len(amap.keys)
    return [
        [
            [(sum(head[i][j] for head in layer) / amap.n_head + (i == j)) / 2 for j in range(n)]
            for i in range(n)
        ]
        for layer in amap.weights.tolist()
    ]


def along_all_paths(amap, start, end):
    """The sum, over all ways down from the last layer, of the product of their steps."""
    layers = mixed(amap)[::-1]
    total = 0.0
    for between in product(range(len(amap.keys)), repeat=len(layers) - 1):
        way, worth = (start, *between, end), 1.0
        for layer, (above, below) in zip(layers, pairwise(way), strict=True):
            worth *= layer[above][below]
        total += worth
    return total


def smallest_cut(amap, start, end):
    """The least that has to be cut so that nothing comes through: what the flow must equal."""
    layers, n = mixed(amap), len(amap.keys)
    nodes = list(product(range(len(layers) + 1), range(n)))
    source, sink = (len(layers), start), (0, end)
    free = [node for node in nodes if node not in (source, sink)]
    best = np.inf
    for sides in product((True, False), repeat=len(free)):
        upper = {source, *(node for node, side in zip(free, sides, strict=True) if side)}
        capacity = sum(
            layers[level - 1][i][j]
            for level, i in upper
            if level
            for j in range(n)
            if (level - 1, j) not in upper
        )
        best = min(best, capacity)
    return best


@pytest.mark.parametrize("make", SHARED_OUT)
def test_rollout_is_the_sum_over_all_paths(make):
    amap = make()
    result = rollout(amap)
    assert result.weights.shape == (2, 1, 7, 7) and result.layers == (0, 1)
    for i, j in product(range(7), repeat=2):
        assert result.weights[1, 0, i, j] == pytest.approx(along_all_paths(amap, i, j))


@pytest.mark.parametrize("make", [plain, causal])
def test_rollout_rows_sum_to_1(make):
    assert_allclose(rollout(make()).row_sums, 1.0)


def test_rollout_does_not_add_the_remainder():
    sums = rollout(leaky()).row_sums
    assert (sums[:, 0, :6] < 1).all() and (sums[1] < sums[0]).any()


def test_rollout_of_identity_maps_is_the_identity():
    assert_allclose(rollout(only_at(lambda i: i)).weights[0, 0], np.eye(7))


@pytest.mark.parametrize("seed", range(3))
def test_flow_is_the_smallest_cut(seed):
    amap = plain(seed, words=("a", "b", "c"), n_layer=2, n_head=2)
    result = flow(amap)
    assert result.weights.shape == (1, 1, 3, 3) and result.layers == (1,)
    for i, j in product(range(3), repeat=2):
        assert result.weights[0, 0, i, j] == pytest.approx(smallest_cut(amap, i, j))


def test_flow_through_one_layer_is_its_capacity():
    amap = plain(words=("a", "b", "c"), n_layer=1)
    assert_allclose(flow(amap).weights[0, 0], mixed(amap)[0])


def test_flow_can_have_to_reroute():
    """The shortest way is not always part of the largest flow: compare with the cut."""
    words = ("a", "b")
    weights = np.array([[[[0.5, 0.5], [0.1, 0.9]]], [[[0.8, 0.2], [0.6, 0.4]]]] * 2)
    amap = AttentionMap(plain(words=words).queries, plain(words=words).keys, weights)
    for i, j in product(range(2), repeat=2):
        assert flow(amap).weights[0, 0, i, j] == pytest.approx(smallest_cut(amap, i, j))


def test_flow_of_causal_maps_is_causal():
    result = flow(causal()).weights[0, 0]
    assert (np.triu(result, 1) == 0).all() and (np.tril(result) > 0).sum() == 28


def test_flow_of_some_tokens_is_some_rows():
    amap = plain(words=("a", "b", "c"))
    some = flow(amap, queries=[2, 0])
    assert some.weights.tolist() == flow(amap).weights[:, :, [2, 0]].tolist()
    assert [token.piece for token in some.queries] == ["c", "a"]


def test_flow_that_would_take_minutes_is_refused():
    many = plain(words=tuple(map(str, range(120))), n_layer=2, n_head=1)
    with pytest.raises(MisuseError, match=r"414,720,000 edges .* up to 118 tokens"):
        flow(many)
    assert flow(many, queries=[5]).weights.shape == (1, 1, 1, 120)


@pytest.mark.parametrize("through", [rollout, flow])
def test_unsupported_maps_are_refused(through):
    with pytest.raises(MisuseError, match="queries and keys of one text"):
        through(plain(keys=("le", "chat")))
    with pytest.raises(MisuseError, match="this map has 0, 2"):
        through(plain(n_layer=3).select(layers=[0, 2]))
    with pytest.raises(MisuseError, match="this map has 1"):
        through(plain().select(layers=[1]))
    for make in UNSHARED:
        with pytest.raises(MisuseError, match="needs non-negative rows"):
            through(make())


@pytest.mark.parametrize("name", CASES)
def test_flow_equals_networkx(name):
    make, residual = CASES[name]
    expected = json.loads(PATH.read_text())[name]
    assert_allclose(flow(make(), residual=residual).weights[0, 0], expected, atol=1e-12)


@pytest.mark.parametrize("residual", [0.0, 0.3])
def test_rollout_is_the_matrix_product_with_any_residual_weight(residual):
    amap, product = plain(n_layer=3), np.eye(7)
    for layer in amap.weights:
        product = ((1 - residual) * layer.mean(0) + residual * np.eye(7)) @ product
    assert_allclose(rollout(amap, residual).weights[2, 0], product, atol=1e-12)
    for wrong in (-0.1, 1.0):
        with pytest.raises(MisuseError, match="must be from 0 to below 1"):
            rollout(amap, wrong)


@pytest.mark.parametrize("through", [rollout, flow])
def test_tokens_without_a_path_are_masked(through):
    """A window of two keys reaches one token further with each layer."""
    visible = np.tril(np.ones((7, 7), bool)) & ~np.tril(np.ones((7, 7), bool), -2)
    weights = np.where(visible, 0.5, 0.0) * np.ones((3, 2, 1, 1))
    amap = AttentionMap(plain().queries, plain().keys, weights, visible=visible)
    result = through(amap)
    distance = np.subtract.outer(np.arange(7), np.arange(7))
    shown = np.broadcast_to(result.visible, result.weights.shape)
    assert (shown[-1, 0] == ((distance >= 0) & (distance <= 3))).all()
    assert (result.weights[~shown] == 0).all() and (result.weights[shown] > 0).all()


@pytest.mark.parametrize("through", [rollout, flow])
def test_maps_without_every_token_are_refused(through):
    amap = plain()
    for change, reason in (
        ({"pooled": "2 × 2"}, "this map is pooled"),
        ({"words": True}, "reduce layers before tokens"),
        ({"dropped": [1, 1]}, "reduce layers before tokens"),
    ):
        with pytest.raises(MisuseError, match=reason):
            through(replace(amap, meta=change))
