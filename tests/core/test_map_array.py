"""Maps as NumPy, pickle and copy see them, and what a map is not made of."""

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import attnviz
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import AttnvizError, MisuseError, ShapeError, UnknownParameterError
from tests.conftest import HOSTILE, make_map

LOOK = {"variant": "causal", "heads": 2, "layers": 3}
MAPS = {
    "plain": make_map(),
    "causal": attnviz.look("The cat sat", **LOOK),
    "vectors": attnviz.look("The cat sat", with_vectors=True),
    "pooled": attnviz.look("a b c d e", pool=2),
    "model": attnviz.look("The cat sat", model="induction", predict=2),
    "mask": attnviz.look("The cat", "A dog sat", mask="~padding"),
    "comparison": attnviz.compare("The cat sat", variants=["dot", "hard"]),
    "difference": attnviz.look("a b c", variant="causal") - attnviz.look("a b c", variant="dot"),
    "read": attnviz.read([[0.5, 0.5], [0.25, 0.75]], ["a", "b"]),
    "words": attnviz.look("The cat sat", **LOOK).reduce("layers:rollout", "tokens:words"),
}


def same(one, other):
    """Whether all fields of two maps are equal."""
    arrays = ("weights", "visible", "query_vectors", "key_vectors")
    others = ("queries", "keys", "layers", "heads", "names", "text", "context")
    return (
        all(np.array_equal(getattr(one, n), getattr(other, n)) for n in arrays)
        and all(getattr(one, n) == getattr(other, n) for n in others)
        and one.meta == other.meta
        and type(one) is type(other)
    )


@pytest.mark.parametrize("amap", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda a, p=p: pickle.loads(pickle.dumps(a, p)) for p in range(2, 6)),
    ],
)
def test_a_copy_is_the_same_map_and_read_only(amap, duplicate):
    again = duplicate(amap)
    assert same(amap, again)
    assert not again.weights.flags.writeable
    with pytest.raises(AttributeError):
        again.text = "other"
    with pytest.raises(TypeError):
        again.meta["variant"] = "other"


def test_the_comparison_of_fields_finds_a_difference():
    amap = MAPS["causal"]
    assert not same(amap, replace(amap, weights=amap.weights * 0.5))
    assert not same(amap, replace(amap, meta={}))


def test_a_deep_copy_shares_no_metadata():
    amap = MAPS["comparison"]
    again = copy.deepcopy(amap)
    again.meta["comparison"][0]["name"] = "other"
    assert amap.meta["comparison"][0]["name"] == "dot"


def test_maps_come_back_from_other_processes():
    with ProcessPoolExecutor(1) as pool:
        (amap,) = pool.map(attnviz.look, ["The cat sat"])
    assert amap.equals(attnviz.look("The cat sat"))
    assert amap.mean("head").shape == (1, 1, 3, 3)  # the methods work


@pytest.mark.parametrize("amap", MAPS.values(), ids=MAPS)
def test_numpy_sees_the_weights(amap):
    assert np.array_equal(np.asarray(amap), amap.weights)
    assert np.asarray(amap) is amap.weights
    assert amap.shape == amap.weights.shape == np.shape(amap)
    assert (amap.ndim, amap.size, amap.dtype) == (4, amap.weights.size, amap.weights.dtype)
    assert dict(zip(amap.dims, amap.shape, strict=True)).keys() == {
        "layer",
        "head",
        "query",
        "key",
    }
    assert float(np.sum(amap)) == pytest.approx(float(amap.weights.sum()))
    changed = np.array(amap)
    changed[:] = 7
    assert amap.to_numpy().flags.writeable
    assert (amap.weights != 7).any()


def test_a_conversion_is_a_copy():
    amap = MAPS["causal"]
    assert np.asarray(amap, np.float64).dtype == np.float64
    assert np.asarray(amap, amap.dtype) is amap.weights
    assert amap.__array__(copy=True) is not amap.weights
    with pytest.raises(ValueError, match="cannot be"):
        amap.__array__(np.int8, copy=False)


def test_an_index_is_that_of_numpy_and_names_layer_and_head():
    amap = MAPS["causal"]
    for index in ((1, 0), (-1, 1), (0, slice(None), 2), (..., -1), (2, 1, 2, 0)):
        assert np.array_equal(amap[index], amap.weights[index])
    for index in (0, slice(1), "cat", None):
        with pytest.raises(MisuseError, match=r"write a\[layer, head\]"):
            amap[index]
    with pytest.raises(IndexError):
        amap[3, 0]


@pytest.mark.parametrize("amap", MAPS.values(), ids=MAPS)
def test_iteration_yields_each_head(amap):
    heads = list(amap)
    assert len(heads) == len(amap) == amap.n_layer * amap.n_head
    for head, at in zip(heads, np.ndindex(amap.shape[:2]), strict=True):
        assert np.array_equal(head[0, 0], amap[at])
        assert (head.layers[0], head.heads[0]) == (amap.layers[at[0]], amap.heads[at[1]])


@pytest.mark.parametrize("amap", MAPS.values(), ids=MAPS)
def test_a_map_equals_its_copy_and_no_other_map(amap):
    again = pickle.loads(pickle.dumps(amap))
    assert amap.equals(again) and again.equals(amap)
    assert [name for name, other in MAPS.items() if amap.equals(other)] == [
        name for name, other in MAPS.items() if other is amap
    ]


def test_equal_maps_have_equal_tokens_masks_and_numbers_of_heads():
    amap = MAPS["causal"]
    weights = amap.to_numpy()
    weights[0, 0, 1] += np.float32(1e-9), -1e-6, 0
    near = replace(amap, weights=weights)
    assert not amap.equals(near)
    assert amap.allclose(near) and near.allclose(amap)
    assert not amap.allclose(near, atol=1e-9, rtol=0)
    for change in (
        {"keys": ["The", "dog", "sat"]},
        {"visible": None},
        {"layers": (0, 1, 3)},
        {"heads": (1, 0)},
        {"weights": amap.weights + 1},
    ):
        other = replace(amap, **change)
        assert not amap.equals(other)
        assert not amap.allclose(other)
    assert amap.equals(replace(amap, meta={}, visible=np.broadcast_to(amap.visible, amap.shape)))
    assert make_map().equals(make_map(visible=np.ones((3, 3), bool)))
    assert not amap.equals(amap.weights)
    for wrong in (amap.weights, None, 3):
        with pytest.raises(UnknownParameterError, match="should be a map"):
            amap.allclose(wrong)


def test_membership_is_refused():
    with pytest.raises(MisuseError, match=r"a\.query_labels"):
        assert "cat" in MAPS["causal"]
    assert "cat" in MAPS["causal"].query_labels
    assert MAPS["causal"].key_labels == ("The", "cat", "sat")


def test_the_representation_is_one_short_line():
    assert repr(MAPS["causal"]) == (
        "<AttentionMap causal: 3 layers × 2 heads × 3 queries × 3 keys>"
    )
    assert repr(attnviz.look("a")).endswith(": 1 layer × 4 heads × 1 query × 1 key>")
    for title in (*HOSTILE, "x" * 10_000):
        text = repr(make_map(meta={"variant": title}))
        assert text.isprintable() and len(text) < 400


def test_words_become_tokens():
    amap = AttentionMap(
        queries=["a", "b"], keys=("c", np.str_("d")), weights=np.full((1, 1, 2, 2), 0.5)
    )
    assert amap.queries == (Token.of("a"), Token.of("b"))
    assert amap.key_labels == ("c", "d")
    assert type(amap.keys[1].piece) is str


def test_maps_of_one_text_share_their_tokens():
    amap = MAPS["causal"]
    assert replace(amap, meta={}).queries is amap.queries
    assert amap.select(heads=0).keys is amap.keys


def test_whole_numbers_become_floats():
    amap = AttentionMap(["a"], ["b", "c"], np.array([[[[1, 0]]]]))
    assert amap.weights.dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": "abc"}, "queries='abc' should be a list of tokens"),
        ({"queries": 3}, "queries=3 should be a list of tokens"),
        ({"keys": ["a", 3, "c"]}, "keys[1]=3 should be a text or a Token"),
        ({"weights": np.full((1, 2, 3, 3), "x")}, "weights of type <U1 should be numbers"),
        ({"weights": np.full((1, 2, 3, 3), 1j)}, "weights of type complex128"),
        ({"weights": None}, "weights of type object should be numbers"),
        ({"visible": np.full((3, 3), -np.inf)}, "visible of type float64 should be bool"),
        ({"visible": np.ones((2, 3), bool)}, "visible (2, 3) does not fit"),
        ({"visible": np.ones((1, 1, 1, 3, 3), bool)}, "visible (1, 1, 1, 3, 3) does not fit"),
        ({"query_vectors": np.ones((1, 2, 4, 5))}, "query_vectors (1, 2, 4, 5) do not fit"),
        ({"query_vectors": np.ones((1, 2, 3))}, "query_vectors (1, 2, 3) do not fit"),
        ({"text": 3}, "text=3 should be a text"),
        ({"context": b"x"}, "context=b'x' should be a text"),
        ({"names": "ab"}, "names='ab' should be a list of texts"),
        ({"names": ["a", None]}, "names[1]=None should be a text"),
        ({"names": ["a"]}, "1 names for 2 heads"),
    ],
)
def test_what_a_map_is_not_made_of(change, message):
    with pytest.raises(AttnvizError) as caught:
        replace(make_map(), **change)
    assert message in str(caught.value)
    assert isinstance(caught.value, ShapeError | UnknownParameterError)


def test_a_selection_is_a_number_or_several():
    amap = MAPS["causal"]
    assert amap.select(heads=1).heads == (1,)
    assert amap.select(layers=np.int64(2), heads=np.array([1, 0])).heads == (1, 0)
    for wrong in (slice(0, 2), "0", 1.0, [1.5], [True], ["0"]):
        with pytest.raises(UnknownParameterError, match="should be a"):
            amap.select(heads=wrong)


@pytest.mark.parametrize("shape", [(1, 1, 3, 2), (1, 1, 2, 3), (1, 2, 2), (0, 1, 2, 2)])
def test_weights_fit_the_tokens(shape):
    with pytest.raises(ShapeError, match=r"should be|have no layer"):
        AttentionMap(["a", "b"], ["a", "b"], np.zeros(shape))
