"""What is selected keeps its number, name, mask and metadata, in the order of the request."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import attnviz
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.selection import HeadSelection, resolve_ranges
from attnviz.core.subset import select_segments, select_tokens
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError
from tests.conftest import make_map

LONG = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize("pool", [0, 3])
def test_heads_and_layers_have_their_numbers_in_the_order_of_the_request(pool):
    """Also where they are pooled."""
    options = {"variant": "multihead", "heads": 4, "layers": 3, "pool": pool}
    whole = attnviz.look(LONG, **options)
    some = attnviz.look(LONG, **options, select_heads="3,1", select_layers="2,0")
    assert (some.heads, set(some.layers)) == ((3, 1), {0, 2})
    for i, layer in enumerate(some.layers):
        assert_array_equal(some.weights[i], whole.weights[layer][[3, 1]])


def test_a_map_is_selected_in_the_order_of_the_request():
    amap = make_map(n_layer=3, n_head=3, names=("x", "y", "z"), meta={"modules": ["m", "n", "o"]})
    masked = np.arange(9).reshape(3, 3, 1, 1) % 2 == 0
    amap = attnviz.AttentionMap(
        **{name: getattr(amap, name) for name in ("queries", "keys", "weights", "names", "meta")},
        visible=np.broadcast_to(masked, amap.weights.shape),
    )
    some = amap.select(layers=[2, 0], heads=[2, 1])
    assert (some.layers, some.heads, some.names) == ((2, 0), (2, 1), ("z", "y"))
    assert some.meta["modules"] == ["o", "m"]
    assert_array_equal(some.weights, amap.weights[[2, 0]][:, [2, 1]])
    assert_array_equal(some.visible, amap.visible[[2, 0]][:, [2, 1]])


def test_negative_numbers_count_from_the_last_that_there_is():
    assert resolve_ranges(((-1, -1), (-2, -2)), (3, 7), "layer") == (7, 3)
    assert HeadSelection.parse("-1", None).resolve((3, 7), (0,)) == ((7,), None)


def test_a_long_context_is_pooled_too():
    assert attnviz.look("a b", context=LONG, variant="cross", pool=4).weights.shape[2:] == (2, 4)


def test_padding_has_its_new_positions():
    amap = make_map("abcd", meta={"padding": [0, 3]})
    assert select_tokens(amap, [0, 1], [1, 3]).meta["padding"] == [1]
    assert select_tokens(amap, [0, 1], [1, 2]).meta["padding"] == []


def test_selected_tokens_keep_their_masks_and_vectors():
    amap = attnviz.look(LONG, variant="causal", heads=2, layers=2, with_vectors=True)
    queries, keys = [1, 7, 4], [0, 5, 2]
    some = select_tokens(amap, queries, keys)
    for at in np.ndindex(2, 2, 3, 3):
        layer, head, i, j = at
        assert some.weights[at] == amap.weights[layer, head, queries[i], keys[j]]
        assert some.masked[at] == (keys[j] > queries[i])
        assert_array_equal(some.query_vectors[at[:3]], amap.query_vectors[layer, head, queries[i]])
        assert_array_equal(
            some.key_vectors[layer, head, j], amap.key_vectors[layer, head, keys[j]]
        )
    assert select_tokens(make_map(), [0], [1]).visible is None


def test_segments_of_queries_and_keys_are_not_exchanged():
    amap = make_map("aBcD")
    tokens = tuple(replace(token, segment=token.label.isupper()) for token in amap.queries)
    some = select_segments(replace(amap, queries=tokens, keys=tokens), "A,B")
    labels = [[token.label for token in side] for side in (some.queries, some.keys)]
    assert labels == [["a", "c"], ["B", "D"]]
    assert_array_equal(some.weights, amap.weights[:, :, [0, 2]][..., [1, 3]])


def test_negative_weights_are_signed_whatever_is_stated():
    amap = make_map()
    assert not amap.signed
    assert attnviz.AttentionMap(amap.queries, amap.keys, -amap.weights).signed


def test_properties_are_those_of_all_layers():
    """Row sums are the weakest, and one signed layer makes the map signed."""
    rows = [find_variant(name) for name in ("scaled-dot", "differential", "softmax-one")]
    collector = Collector()
    collector.recorded_layers, collector.variants = [0, 1, 2], rows
    properties = collector.properties()
    assert properties["algebra"] == "; ".join(row.pipeline for row in rows)
    assert (properties["row_sum"], properties["signed"]) == ("any", True)
    assert [group["layers"] for group in properties["layer_properties"]] == [[0], [1], [2]]
    collector.recorded_layers, collector.variants = [0, 2], rows[::2]
    assert collector.properties()["row_sum"] == "at most 1"


def test_each_selected_head_has_its_own_mask():
    amap = attnviz.look(LONG, variant="bigbird", heads=4, random=1, select_heads=[2, 0])
    whole = attnviz.look(LONG, variant="bigbird", heads=4, random=1)
    assert not np.array_equal(whole.visible[0, 0], whole.visible[0, 2])
    assert_array_equal(amap.visible, whole.visible[:, [2, 0]])
    assert_array_equal(whole.visible, whole.weights > 0)
    pooled = attnviz.look(LONG, variant="bigbird", heads=4, random=1, select_heads=[2], pool=5)
    cells = whole.visible[0, 2].reshape(5, 2, 5, 2).any((1, 3))
    assert_array_equal(pooled.visible[0, 0], cells)


def test_a_head_that_there_is_not_is_refused():
    with pytest.raises(MisuseError, match="there is no head 2; there are 0 to 1"):
        FullCollector(heads=[0, 2]).select_heads(2)
