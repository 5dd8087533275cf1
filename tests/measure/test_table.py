"""The table of measures: each row equals its oracle, stays in its range, and has a known case."""

from __future__ import annotations

import re
from math import inf, isnan

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.measures.agreement import agreement
from attnviz.measures.measure import Measure
from attnviz.measures.table import MEASURES, find_measure
from attnviz.measures.values import measure_heads
from tests.measure.maps import causal, gated, leaky, only_at, plain, shares, signed
from tests.measure.oracles import ORACLES, Head

PIECES = (  # piece, label, start, end, segment, word
    ("[CLS]", "[CLS]", 0, 0, 0, None),
    ("un", "un", 0, 2, 0, 0),
    ("##til", "til", 2, 5, 0, 0),
    ("the", "the", 6, 9, 0, 1),
    (",", ",", 9, 10, 0, 2),
    ("[SEP]", "[SEP]", 0, 0, 0, None),
    ("the", "the", 0, 3, 1, 0),
    ("un", "un", 4, 6, 1, 1),
    ("-", "-", 6, 7, 1, 2),
    ("[SEP]", "[SEP]", 0, 0, 1, None),
)
TOKENS = tuple(
    Token(piece, label, start, end, piece.startswith("["), segment, word)
    for piece, label, start, end, segment, word in PIECES
)


def pair() -> AttentionMap:
    """A sentence pair with pieces of words, punctuation and special tokens."""
    return AttentionMap(TOKENS, TOKENS, shares(2, 3, len(TOKENS), len(TOKENS), seed=5))


def cross() -> AttentionMap:
    """Queries of one text, keys of another."""
    return AttentionMap(TOKENS[1:5], TOKENS, shares(2, 3, 4, len(TOKENS), seed=6))


MAPS = (plain, causal, leaky, gated, signed, pair, cross)


def by_oracle(amap: AttentionMap, name: str) -> np.ndarray:
    values = [
        [ORACLES[name](Head(amap, i, j)) for j in range(amap.n_head)] for i in range(amap.n_layer)
    ]
    return np.array(values, dtype=float)  # None is NaN


def test_every_row_has_an_oracle():
    assert [row.name for row in MEASURES] == [*dict.fromkeys(row.name for row in MEASURES)]
    assert {row.name for row in MEASURES} == ORACLES.keys()


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.name)
def test_a_measure_equals_its_oracle(row, make):
    amap = make()
    expected, value = by_oracle(amap, row.name), row.compute(amap)
    if value is None:
        assert np.isnan(expected).all()
        return
    assert value.shape == (amap.n_layer, amap.n_head)
    assert_allclose(value, expected, atol=1e-9)
    if make not in (gated, signed):
        assert (value[~np.isnan(value)] >= row.low - 1e-9).all()
        assert (value[~np.isnan(value)] <= row.high + 1e-9).all()


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.name)
def test_each_row_is_defined_for_some_map_and_is_described(row):
    assert any(np.isfinite(by_oracle(make(), row.name)).any() for make in MAPS)
    assert row.summary and row.formula and row.low < row.high
    assert not row.paper or re.fullmatch(r"\d{4}\.\d{4,5}", row.paper)
    assert find_measure(row.name) is find_measure(row.name.upper().replace(" ", "-")) is row
    assert row.range.startswith(f"{row.low:g} ") and row.unit in row.range
    assert all(part in row.legend for part in (row.summary, row.formula, row.range, row.paper))
    assert (row.high == inf) == ("or more" in row.range)
    assert row.base == "" or find_measure(row.base).base == ""


def test_a_wrong_oracle_is_noticed():
    amap = pair()
    assert not np.allclose(find_measure("entropy").compute(amap), by_oracle(amap, "distance"))


KNOWN = {  # the key of query i of 7; the value of the measure
    "entropy": (lambda i: i, 0.0),
    "effective keys": (lambda i: 0, 1.0),
    "top-1 mass": (lambda i: i, 1.0),
    "sparsity": (lambda i: i, 6 / 7),
    "distance": (lambda i: (i + 2) % 7 if i < 5 else i - 2, 2.0),
    "positional share": (lambda i: i, 1.0),
    "symmetry": (lambda i: 6 - i, 1.0),
    "sink": (lambda i: 0, 1.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_maps_with_known_answers(name):
    place, value = KNOWN[name]
    assert find_measure(name).compute(only_at(place))[0, 0] == pytest.approx(value)


def test_equal_weights_have_all_keys_and_no_inequality():
    even = AttentionMap(TOKENS, TOKENS, np.full((1, 2, 10, 10), 0.1))
    values = measure_heads(even)
    assert_allclose(values["effective keys"], 10)
    assert_allclose(values["sparsity"], 0, atol=1e-12)
    assert_allclose(values["agreement"], 1)
    assert np.isnan(values["positional share"]).all()


def test_a_pattern_beneath_a_sink_is_measured_without_it():
    """Weight 0.9 on the first token, 0.1 on the previous one."""
    beneath = 0.9 * only_at(lambda i: 0).weights + 0.1 * only_at(lambda i: max(i - 1, 0)).weights
    words = tuple(Token.of(word) for word in "abcdefg")
    amap = AttentionMap(words, words, beneath)
    values = measure_heads(amap)
    assert values["first token"][0, 0] == pytest.approx(0.9 + 0.1 / 6)
    assert values["previous token"][0, 0] == pytest.approx(0.1 + 0.9 / 6)
    assert values["previous token without sink"][0, 0] == pytest.approx(1.0)
    assert values["self without sink"][0, 0] == 0.0


def test_without_weight_off_the_sink_there_is_no_value():
    values = measure_heads(only_at(lambda i: 0))
    assert isnan(values["previous token without sink"][0, 0])


def test_heads_that_are_no_distributions_have_no_entropy():
    amap = plain()
    weights = amap.weights.copy()
    weights[1, 2] *= 3
    mixed = AttentionMap(amap.queries, amap.keys, weights, meta={"row_sum": "any"})
    value = find_measure("entropy").compute(mixed)
    assert isnan(value[1, 2]) and np.isfinite(value).sum() == 5


def test_a_requested_measure_that_is_not_defined_is_refused():
    with pytest.raises(MisuseError, match="'distance' is not defined for this map"):
        measure_heads(cross(), [find_measure("distance")])
    with pytest.raises(UnknownNameError, match="Did you mean 'induction'"):
        find_measure("inducton")
    row = Measure(name="none", summary="no value", formula="–", compute=lambda amap: None)
    assert measure_heads(plain(), None).keys() and row.range == "0 to 1"


def test_clusters_hold_equal_heads():
    amap = plain(n_layer=1, n_head=4)
    weights = amap.weights.copy()
    weights[0, 2], weights[0, 3] = weights[0, 0], only_at(lambda i: 6 - i).weights[0, 0]
    result = agreement(AttentionMap(amap.queries, amap.keys, weights), at_most=0.05)
    assert result.clusters == (0, 1, 0, 2)
    assert_allclose(result.divergence, result.divergence.T)
    assert_allclose(np.diag(result.divergence), 0, atol=1e-12)
    assert agreement(amap, at_most=1.0).clusters == (0, 0, 0, 0)
    with pytest.raises(MisuseError, match="agreement needs"):
        agreement(gated())


def test_a_map_without_a_mask_and_without_weight_on_later_keys_is_causal():
    amap = causal()
    bare = AttentionMap(amap.queries, amap.keys, amap.weights)
    known, inferred = measure_heads(amap), measure_heads(bare)
    assert known.keys() == inferred.keys()
    for name, value in known.items():
        assert_allclose(inferred[name], value, err_msg=name)
    assert find_measure("sparsity").compute(bare)[0, 0] != known["sparsity"][0, 0]
