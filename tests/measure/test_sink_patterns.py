"""Names of heads that attend to a sink: the pattern of their other weight."""

from __future__ import annotations

from attnviz.api.captions import find_patterns
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.measures.sink_patterns import patterns_without_sink
from tests.measure.maps import only_at

WORDS = tuple(Token.of(word) for word in "abcdefg")
FIRST, PREVIOUS = only_at(lambda i: 0).weights, only_at(lambda i: max(i - 1, 0)).weights


def test_a_head_with_a_sink_is_named_by_its_other_weight():
    amap = AttentionMap(WORDS, WORDS, 0.9 * FIRST + 0.1 * PREVIOUS)
    assert find_patterns(amap) == {(0, 0): ("previous token without sink", 1.0)}


def test_a_head_with_nothing_but_a_sink_keeps_its_name():
    amap = AttentionMap(WORDS, WORDS, FIRST)
    assert find_patterns(amap) == {(0, 0): ("first token", 1.0)}


def test_other_heads_keep_their_names():
    amap = AttentionMap(WORDS, WORDS, 0.2 * FIRST + 0.8 * PREVIOUS, layers=(3,), heads=(5,))
    patterns = find_patterns(amap)
    assert patterns[3, 5][0] == "previous token"
    assert patterns_without_sink(amap, patterns) == {}
    assert patterns_without_sink(amap, {(3, 5): ("first token", 0.5)}) == {
        (3, 5): ("previous token without sink", 1.0)
    }
