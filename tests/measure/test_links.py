"""The strongest links, and the summary of a head."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.measures.entropy import entropy, max_entropy
from attnviz.measures.head_summary import summarize_head
from attnviz.measures.links import StrongLink, strongest_link, strongest_links
from tests.measure.maps import SHARED_OUT, UNSHARED, causal, leaky, plain, signed, tokens


def by_loop(amap, layer, head, content):
    made = []
    visible = visible_pairs(amap)[layer, head]
    for q, query in enumerate(amap.queries):
        for k, key in enumerate(amap.keys):
            weight = float(amap.weights[layer, head, q, k])
            says_nothing = query.special or key.special or sum(visible[q]) == 1
            if weight and not (content and says_nothing):
                made.append(StrongLink(q, k, weight))
    return sorted(made, key=lambda link: -abs(link.weight))  # sorting keeps the order of equals


@pytest.mark.parametrize("make", SHARED_OUT + UNSHARED)
@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("n", [0, 1, 5, 1000])
def test_links_equal_the_loop(make, content, n):
    amap = make()
    found = strongest_links(amap, 1, 2, n, content=content)
    assert found == by_loop(amap, 1, 2, content)[:n]


def test_of_equal_weights_the_first_is_the_strongest_link():
    words = tokens("abc")
    amap = AttentionMap(words, words, np.full((1, 1, 3, 3), 1 / 3))
    assert [link[:2] for link in strongest_links(amap, 0, 0, 4)] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
    ]


def test_masked_pairs_are_no_links():
    assert all(k <= q for q, k, _ in strongest_links(causal(), 0, 0, 100))
    assert all(q != 2 for q, _, _ in strongest_links(leaky(), 0, 0, 100))


def test_signed_weights_are_ordered_by_magnitude():
    links = strongest_links(signed(), 0, 0, 100)
    assert {link.weight > 0 for link in links} == {True, False}


@pytest.mark.parametrize("make", SHARED_OUT)
def test_a_caption_describes_one_head(make):
    amap = make()
    note = summarize_head(amap, 1, 2)
    assert note[:3] == strongest_links(amap, 1, 2, 1, content=True)[0]
    rows = amap.row_sums[1, 2] > 0
    assert note.entropy == pytest.approx(entropy(amap)[1, 2][rows].mean())
    assert note.max_entropy == pytest.approx(max_entropy(amap)[1, 2][rows].mean())


def test_a_caption_counts_the_selected_tokens():
    amap = plain()
    part = amap.select(layers=[1], heads=[2])
    assert summarize_head(part, 0, 0) == summarize_head(amap, 1, 2) != summarize_head(amap, 0, 0)


@pytest.mark.parametrize("make", UNSHARED)
def test_rows_that_are_no_distributions_have_no_entropy(make):
    note = summarize_head(make(), 0, 0)
    assert note.entropy is None and note.max_entropy is None and note.weight != 0


def test_a_head_without_weight_has_no_link():
    words = tokens("ab")
    nothing = AttentionMap(words, words, np.zeros((1, 1, 2, 2)), visible=np.zeros((2, 2), bool))
    assert summarize_head(nothing, 0, 0) == (None, None, 0.0, 0.0, 0.0)


def head_of(rows, words="abc", **more):
    return AttentionMap(tokens(words), tokens(words), np.array([[rows]], dtype=float), **more)


def test_a_row_with_a_single_key_is_no_content_pair():
    rows = [[1, 0, 0], [0.4, 0.6, 0], [0.3, 0.3, 0.4]]
    known = head_of(rows, visible=np.tril(np.ones((3, 3), bool)))
    assert strongest_link(known, 0, 0) == (1, 1, 0.6)
    assert strongest_link(head_of(rows), 0, 0) == (1, 1, 0.6)  # a causal file without its mask
    rows[0] = [0.9, 0, 0.1]
    assert strongest_link(head_of(rows), 0, 0) == (0, 0, 0.9)


@pytest.mark.parametrize("word", ["[CLS]", "[PAD]", "<pad>"])
def test_special_tokens_and_padding_are_no_content(word):
    words = (word, "b", "c")
    amap = head_of([[0.1, 0.9, 0], [0.8, 0.1, 0.1], [0.7, 0.2, 0.1]], words)
    assert strongest_link(amap, 0, 0) == (2, 1, 0.2)
    assert strongest_link(amap, 0, 0, query=0) == (0, 1, 0.9)
    assert strongest_link(amap, 0, 0, query=1) == (1, 1, 0.1)


def test_padding_of_a_file_is_no_content():
    rows = [[0.1, 0.3, 0.6], [0.4, 0.1, 0.5], [0.9, 0.1, 0]]
    assert strongest_link(head_of(rows, meta={"padding": [2]}), 0, 0) == (1, 0, 0.4)


def test_where_there_is_no_content_pair_the_strongest_of_all():
    amap = head_of([[1, 0], [0, 1]], ("[CLS]", "[SEP]"))
    assert strongest_link(amap, 0, 0) == (0, 0, 1.0)
    assert strongest_link(head_of(np.zeros((3, 3))), 0, 0) is None
    assert strongest_link(head_of([[0, 0], [0, 1]], "ab"), 0, 0, query=0) is None


@pytest.mark.parametrize("n", [1, 2, 7, 40, 200])
def test_the_largest_of_many_weights_with_ties_are_those_of_the_loop(n):
    rng = np.random.default_rng(n)
    rows = rng.integers(-4, 5, (5, 13, 17)) * (rng.random((5, 13, 17)) < 0.5)
    for head in rows.astype(float):
        words = tokens("abcdefghijklmnopq")
        amap = AttentionMap(words[:13], words, head[None, None])
        assert strongest_links(amap, 0, 0, n) == by_loop(amap, 0, 0, content=False)[:n]
