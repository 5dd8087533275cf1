"""Methods of maps: their examples, and the same results as the functions behind them."""

import doctest
import inspect
import io
import sys

import matplotlib
import numpy as np
import pytest

import attnviz
from attnviz.core import map_methods, map_output
from attnviz.core.map_methods import MapMethods
from attnviz.core.map_output import MapOutput
from attnviz.errors import AttnvizError, CouldNotError, MisuseError, UnknownParameterError
from attnviz.method_table import METHODS, find_method
from tests.conftest import make_map

AMAP = attnviz.look("The cat sat on it", variant="causal", heads=2, layers=3)
TWICE = attnviz.look("the cat the dog", variant="causal", heads=2)
NAMES = {"amap": AMAP, "attnviz": attnviz, "np": np, "io": io, "matplotlib": matplotlib}
METHODS_OF_MAPS = [
    getattr(owner, name) for owner in (MapMethods, MapOutput) for name in vars(owner)
    if inspect.isfunction(getattr(owner, name)) and not name.startswith("_")
]  # fmt: skip


@pytest.mark.parametrize("module", [map_methods, map_output])
def test_the_examples(module):
    import matplotlib.figure  # noqa: F401

    results = doctest.testmod(module, extraglobs=NAMES)
    assert results.attempted > 5 and not results.failed


@pytest.mark.parametrize("method", METHODS_OF_MAPS, ids=lambda method: method.__name__)
def test_every_method_has_an_example_and_types(method):
    doc = inspect.getdoc(method)
    assert ">>>" in doc or method.__name__ in ("show", "to_xarray")
    parameters = list(inspect.signature(method).parameters.values())[1:]
    assert all(p.annotation is not p.empty for p in parameters)


@pytest.mark.parametrize("name", METHODS)
def test_the_function_behind_each_method_is_there(name):
    assert callable(find_method(name))


def test_every_method_that_is_called_is_in_the_table():
    text = inspect.getsource(map_methods) + inspect.getsource(map_output)
    called = {
        part.split('"')[1]
        for call in ("_call(", "find_method(")
        for part in text.split(call)[1:]
        if part.startswith('"')
    }
    assert called == METHODS.keys()


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        ({}, (3, 2, 5, 5)),
        ({"layer": 2}, (1, 2, 5, 5)),
        ({"layer": -1, "head": [1]}, (1, 1, 5, 5)),
        ({"layer": np.array([0, 2])}, (2, 2, 5, 5)),
        ({"layer": "0-1", "head": "mean"}, (2, 1, 5, 5)),
        ({"head": "1.0"}, (1, 1, 5, 5)),
        ({"query": "it", "key": ["cat", 0]}, (3, 2, 1, 2)),
        ({"query": -1, "key": "0-2"}, (3, 2, 1, 3)),
        ({"query": np.int64(1)}, (3, 2, 1, 5)),
    ],
)
def test_labels_select(labels, shape):
    assert AMAP.sel(**labels).shape == shape


def test_a_selection_has_the_weights_of_its_labels():
    part = AMAP.sel(layer=2, head=1, query="on", key="cat")
    assert part.weights.item() == AMAP.weights[2, 1, 3, 1]
    assert (part.layers, part.heads) == ((2,), (1,))
    assert part.sel(layer=2).equals(part)  # by number, not by position
    assert part.isel(layer=0).equals(part)
    assert part.row_sum == "at most 1"
    assert [t.label for t in TWICE.sel(key="the").keys] == ["the", "the"]


def test_the_text_of_a_token_is_no_range():
    amap = make_map(("1-2", "3", "a,b"))
    assert amap.sel(query="1-2").query_labels == ("1-2",)
    assert amap.sel(query="3").query_labels == ("3",)
    assert amap.sel(query=["a,b", "3"]).query_labels == ("3", "a,b")
    assert amap.sel(query="0-1").query_labels == ("1-2", "3")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"layer": 3}, "there is no layer 3"),
        ({"head": "5"}, "there is no head 5"),
        ({"query": "dog"}, "^query: there is no token 'dog'"),
        ({"key": 9}, "^key 9: the positions are 0 to 4"),
        ({"key": []}, "no keys are selected"),
        ({"key": slice(0, 2)}, r"key=slice\(0, 2, None\) should be a label"),
        ({"layer": slice(0, 2)}, r"isel\(layer=…\) takes slices"),
        ({"key": 1.5}, "neither a position nor a word"),
        ({"head": 1.5}, "not a whole number"),
    ],
)
def test_labels_that_there_are_not(labels, message):
    with pytest.raises(MisuseError, match=message) as caught:
        AMAP.sel(**labels)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    "index",
    [
        {"layer": 1},
        {"layer": -1, "head": 0},
        {"layer": slice(1, None), "query": slice(1, -1), "key": [0, 2]},
        {"layer": [2, 0], "head": np.array([1, 0])},
        {"query": np.array([True, False, True, False, False]), "key": slice(None, None, 2)},
        {"key": np.int32(3)},
    ],
)
def test_positions_select_as_in_numpy(index):
    part = AMAP.isel(**index)
    expected = AMAP.weights
    for axis, dim in enumerate(AMAP.dims):
        if dim in index:
            chosen = np.r_[np.arange(expected.shape[axis])[index[dim]]]
            expected = np.take(expected, chosen, axis)
    assert np.array_equal(part.weights, expected)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"layer": 3}, "layer=3: the positions are 0 to 2, or -3 to -1"),
        ({"query": [0, 7]}, "the positions are 0 to 4"),
        ({"query": slice(3, 3)}, "selects nothing"),
        ({"key": [False] * 5}, "selects nothing"),
        ({"key": [True] * 4}, "a boolean array has 5 entries"),
        ({"key": []}, "should be positions|selects nothing"),
        ({"key": "cat"}, r"sel\(key=…\) takes labels"),
        ({"layer": 1.0}, "layer=1.0 should be positions"),
        ({"layer": True}, "layer=True should be positions"),
    ],
)
def test_positions_that_there_are_not(index, message):
    with pytest.raises(MisuseError, match=message):
        AMAP.isel(**index)


def test_tokens_of_pooled_maps_are_not_selected():
    pooled = attnviz.look("a b c d e f", pool=3)
    for select in (pooled.sel, pooled.isel):
        with pytest.raises(MisuseError, match="pooled map cannot be selected"):
            select(query=0)


@pytest.mark.parametrize("how", ["mean", "max", "min"])
def test_reductions_are_those_of_reduce_and_of_numpy(how):
    method = getattr(AMAP, how)
    assert method("head").equals(attnviz.reduce(AMAP, f"heads:{how}"))
    assert np.allclose(method("layer").weights[0], getattr(AMAP.weights, how)(0))
    both = method("head", "layer")
    assert both.shape == (1, 1, 5, 5)
    for same in (("layer", "head"), (["head", "layer"],), (("layer", "head"),)):
        assert method(*same).equals(both) and method(*same).meta == both.meta
    with pytest.raises(MisuseError, match='"head" is named twice'):
        method("head", ["layer", "head"])
    assert both.equals(attnviz.reduce(AMAP, f"heads:{how}", f"layers:{how}"))
    with pytest.raises(MisuseError, match="of which axis"):
        method()
    for wrong in ("query", "heads", 0):
        with pytest.raises(MisuseError, match='only "head" and "layer"'):
            method(wrong)


def test_a_difference_is_that_of_diff():
    other = attnviz.look("The cat sat on it", variant="dot", heads=2, layers=3)
    change = AMAP - other
    assert change.equals(attnviz.diff(other, AMAP).amap)
    assert np.allclose(change.weights, AMAP.weights - other.weights)
    assert change.title == "causal − dot"
    assert np.array_equal((other - AMAP).weights, -change.weights)
    for wrong in (3, None, "x"):
        with pytest.raises(TypeError, match="unsupported operand"):
            AMAP - wrong
    with pytest.warns(attnviz.AttnvizWarning, match="texts differ"):
        TWICE - attnviz.look("the cat the bird", variant="causal", heads=2)


def test_the_largest_weights_are_those_of_a_sort():
    links = AMAP.top(7)
    assert [link.weight for link in links] == sorted(AMAP.weights.ravel())[:-8:-1]
    for link in AMAP.top(40, content=True):
        assert AMAP.weights[link[:4]] == link.weight > 0
        assert (AMAP.query_labels[link.query], AMAP.key_labels[link.key]) == link[5:]
        assert link.query > 0  # the first row has a single key
    part = AMAP.sel(layer=2, head=1).top(1)[0]
    assert (part.layer, part.head) == (2, 1)
    for wrong in (0, -1):
        with pytest.raises(MisuseError, match="at least 1"):
            AMAP.top(wrong)
    for wrong in (1.5, "3", None, True):
        with pytest.raises(UnknownParameterError, match="k="):
            AMAP.top(wrong)


def test_entropy_is_the_measure():
    assert np.array_equal(AMAP.entropy(), AMAP.measure("entropy")["entropy"])


def test_a_long_frame_has_a_row_per_weight():
    frame = AMAP.to_frame()
    assert list(frame.columns) == [
        "layer", "head", "query", "key", "query_token", "key_token", "weight", "hidden",
    ]  # fmt: skip
    assert np.array_equal(frame["weight"].to_numpy(), AMAP.weights.ravel())
    row = frame.query("layer == 2 and head == 1 and query == 3 and key_token == 'cat'")
    assert row["weight"].item() == AMAP.weights[2, 1, 3, 1]
    assert np.array_equal(frame["hidden"], AMAP.masked.ravel())
    assert attnviz.read([[1.0]]).to_frame()["weight"].dtype == np.float64
    assert "map" in attnviz.compare("a b", variants=["dot", "hard"]).to_frame().columns


def test_a_wide_frame_is_one_head():
    frame = AMAP.sel(layer=1, head=0).to_frame(wide=True)
    assert np.array_equal(frame.to_numpy(), AMAP.weights[1, 0])
    assert (tuple(frame.index), tuple(frame.columns)) == (AMAP.query_labels, AMAP.key_labels)
    assert (frame.index.name, frame.columns.name) == ("query", "key")
    frame.iloc[0, 0] = 9.0
    assert AMAP.weights[1, 0, 0, 0] == 1.0
    with pytest.raises(MisuseError, match=r"a\.sel\(layer=0, head=0\)"):
        AMAP.to_frame(wide=True)


def test_data_arrays_have_coordinates(monkeypatch):
    calls = []
    module = type(sys)("xarray")
    module.DataArray = lambda *args, **named: calls.append((args, named)) or "array"
    monkeypatch.setitem(sys.modules, "xarray", module)
    assert AMAP.sel(layer=[0, 2]).to_xarray() == "array"
    ((weights,), named) = calls[0]
    assert weights.shape == (2, 2, 5, 5)
    assert named["dims"] == ("layer", "head", "query", "key")
    assert named["coords"]["layer"] == [0, 2]
    assert named["coords"]["query_token"] == ("query", list(AMAP.query_labels))


@pytest.mark.parametrize(("library", "method"), [("xarray", "to_xarray"), ("pandas", "to_frame")])
def test_a_missing_library_is_named(library, method, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CouldNotError, match=f"{method} needs .* pip install {library}"):
        getattr(AMAP, method)()


@pytest.mark.parametrize("format", ["npz", "json", "safetensors", "html"])
def test_saved_maps_load(format, tmp_path):
    path = tmp_path / f"map.{format}"
    AMAP.save(path)
    again = attnviz.load(path)
    assert again.allclose(AMAP, atol=1e-3 if format == "html" else 0, rtol=0)


def test_a_map_from_its_dict():
    assert attnviz.read(AMAP.to_dict()).equals(AMAP)


def test_a_map_is_not_read():
    with pytest.raises(AttnvizError, match="is a map already"):
        attnviz.read(AMAP)
