"""Arrays, tables and tokens in forms that few programs save."""

import sys
from io import BytesIO

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import attnviz
from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external import read
from attnviz.sources.external.band import add_axes
from attnviz.sources.external.token_argument import is_file, is_folder, read_tokens
from attnviz.sources.external.token_sides import match_vector_tokens

WEIGHTS = np.full((2, 3, 4, 4), 0.25, np.float32)  # batch, head, query, key
MASKED = np.ma.masked_array(WEIGHTS, WEIGHTS > 1)
STEPS = [[MASKED[:1, :, :2, :2]], [MASKED[:1, :, :1, :3]]]
LAYOUT = np.array([[1, 0], [1, 1]])
BLOCKS = np.full((1, 3, 2, 2), 0.5)  # batch, block, row, column
HEADS = {f"blocks.0.head.{h}.attn": np.eye(3 + h) for h in range(2)}
HEADS |= {f"blocks.1.head.{h}.attn": np.eye(3 + h) for h in range(2)}


def table(**columns):
    file = BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


LONG = {"layer": [0, 0], "head": [0, 0], "query": [0, 0], "key": [0, 1], "weight": [0.5, 0.5]}
REFUSED = {
    "steps": (STEPS, {}, "masked arrays of generation steps are not read; fill them"),
    "ragged": ([[np.eye(2)], [np.eye(3)]], {}, "ragged: arrays of different shapes side by side"),
    "mask, shape": (WEIGHTS, {"attention_mask": np.ones((7, 4))}, "does not fit the attention"),
    "mask, zeros": (WEIGHTS, {"attention_mask": np.zeros(4)}, "it would exclude every key"),
    "global rows": (
        {"attentions": WEIGHTS, "global_attentions": np.eye(4)},
        {"layout": "band"},
        r"global_attentions of shape \(4, 4\) should be",
    ),
    "layout": ({"layout": LAYOUT * 2, "w": BLOCKS}, {}, "should hold 0 and 1, .head, query block"),
    "heads": (HEADS, {}, "should be matrices .query, key. of one shape"),
    "empty": ({f"blocks.{n}.attn": np.ones((2, 0)) for n in range(2)}, {}, "is not attention"),
    "token type": (
        table(query_token=[["a"], ["a"]], **LONG),
        {},
        "tokens of type list.* are not read",
    ),
    "no id": (table(id=["a", None], **LONG), {}, "the column 'id' has missing values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_stated(name):
    source, options, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message) as caught:
        attnviz.read(source, **options)
    assert "\n" not in str(caught.value)


def test_values_beside_blocks_that_are_no_arrays_are_ignored():
    amap = attnviz.read({"layout": LAYOUT, "w": BLOCKS, "model": "sparse", "n_layer": 1})
    assert amap.weights.shape == (1, 1, 4, 4) and not amap.visible[0, 0, 0, 2]


@pytest.mark.parametrize("n_axis", [3, 4, 5])
def test_global_rows_of_one_layer_or_sequence(n_axis):
    rows = np.arange(5.0).reshape((1, 1, 1, 5, 1)[5 - n_axis :])
    assert np.array_equal(add_axes(rows), np.arange(5.0).reshape(1, 1, 1, 5, 1))


def test_an_array_in_the_memory_of_a_gpu_is_fetched():
    class OnDevice:
        """The part of the interface of CuPy that is used."""

        __cuda_array_interface__ = {"shape": (3, 3)}  # noqa: RUF012
        shape, dtype, ndim = (3, 3), np.dtype("f4"), 2

        def get(self):
            return np.eye(3, dtype="f4")

        def __array__(self, *args, **kwargs):
            raise TypeError("implicit conversion is not allowed; use get()")

    assert np.array_equal(attnviz.read(OnDevice()).weights[0, 0], np.eye(3))


def test_a_frame_without_index_has_the_labels_of_its_first_column():
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame({"": ["the", "cat"], "the": [0.5, 0.25], "cat": [0.5, 0.75]})
    amap = attnviz.read(frame)
    assert [token.label for token in amap.queries] == ["the", "cat"]
    assert amap.weights[0, 0].tolist() == [[0.5, 0.5], [0.25, 0.75]]


@pytest.mark.parametrize("row", [b"0.2,0.3,0.5\n", b"a,b,c\n0.2,0.3,0.5\n", b"0.2 0.3 0.5"])
def test_a_table_of_one_row_is_a_weight_per_word(row):
    amap = read(row)
    assert amap.weights.shape == (1, 1, 1, 3) and len(amap.keys) == 3
    assert [token.label for token in amap.queries] == ["query"]
    assert ([token.label for token in amap.keys] == ["a", "b", "c"]) == row.startswith(b"a")


def test_tokens_of_a_weight_per_word():
    query, keys = (Token.of("is"),), (Token.of("a"), Token.of("b"))
    sides, notes = match_vector_tokens((query, None), (None, keys), (1, 2))
    assert (sides, notes) == ((query, keys), ())
    sides, _ = match_vector_tokens((keys, keys), (None, None), (1, 2))
    assert [token.label for token in sides[0]] == ["query"]


def test_segments_of_another_number_of_tokens_are_not_shown():
    named = {"attentions": WEIGHTS[:, :, :2], "token_type_ids": np.array([[0, 0, 1, 1]] * 2)}
    amap = attnviz.read(named, which=0, tokens=(["a", "b"], list("abcd")))
    assert [token.segment for token in amap.keys] == [0, 0, 1, 1]
    assert {token.segment for token in amap.queries} == {0}


def test_a_file_of_tokens_that_is_no_json(tmp_path):
    path = tmp_path / "tokens.json"
    path.write_text('["a", ')
    with pytest.raises(InvalidInputError, match="it should be a JSON list of tokens"):
        read_tokens(str(path), None)


def test_tokens_of_a_table_may_be_numbers():
    amap = read(table(query_token=[7, 7], key_token=[7, 8], **LONG))
    assert [token.label for token in amap.keys] == ["7", "8"]


def test_a_text_that_is_no_name_of_a_file():
    for name in ("a\0b", "a/b\0", "x" * 5000 + "/y"):
        assert not is_file(name) and not is_folder(name)


def test_parquet_without_pyarrow_names_the_package(monkeypatch):
    data = table(**LONG)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CouldNotError, match=r"pip install 'attnviz\[arrow\]'"):
        read(data)
