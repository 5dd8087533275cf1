"""Captions: one line per head, whatever its rows sum to."""

from dataclasses import replace

import numpy as np
import pytest

from attnviz.api.captions import make_captions
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import ComparedHead, compared_heads, comparison_meta
from attnviz.core.tokens import Token

WORDS = tuple(map(Token.of, ("The", "\x1bcat")))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1.0, 0.0], [0.5, 0.5]], "max weight The → The 1.00 · mean entropy 0.50 of 1.00 bits"),
        ([[0.0, 0.0], [0.0, 1.0]], "max weight ␛cat → ␛cat 1.00 · mean entropy 0.00 of 1.00 bits"),
        (
            [[0.9, 0.8], [0.1, 0.2]],
            "max weight The → The 0.90",
        ),  # gates: rows are not distributions
        ([[0.5, -0.75], [0.0, 0.0]], "max |weight| The → ␛cat -0.75"),
        ([[0.0, 0.0], [0.0, 0.0]], "no attention"),
    ],
)
def test_it_says_what_is_true(rows, expected):
    amap = AttentionMap(WORDS, WORDS, np.array([[rows]]), layers=(3,), heads=(5,))
    assert make_captions(amap) == {(3, 5): expected}


def test_captions_of_differences_are_about_changes():
    amap = AttentionMap(
        WORDS, WORDS, np.array([[[[0.5, -0.75], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    )
    expected = {(0, 0): "max change The → ␛cat -0.75", (0, 1): "no change"}
    assert make_captions(replace(amap, meta={"source": "difference"})) == expected
    heads = [ComparedHead("b − a", "difference", head) for head in (0, 1)]
    assert make_captions(replace(amap, meta=comparison_meta(heads))) == expected
    heads[1] = ComparedHead("a", "original", 0)
    assert make_captions(replace(amap, meta=comparison_meta(heads)))[0, 1] == "no attention"


@pytest.mark.parametrize(
    "entries",
    [3, [], [{}, {}], [{"name": "a", "kind": "x", "head": 0}] * 2, [{"name": 1}, None]],
)
def test_invalid_metadata_of_a_comparison_is_ignored(entries):
    amap = AttentionMap(WORDS, WORDS, np.zeros((1, 2, 2, 2)), meta={"comparison": entries})
    assert compared_heads(amap) == ()
    assert set(make_captions(amap).values()) == {"no attention"}
