"""attnviz files: what was written reads back equal, and invalid documents are refused."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from attnviz.sources.external import read
from attnviz.sources.external.metadata import CHECKS
from tests.conftest import HOSTILE, make_map

WHOLE = ["json", "jsonl", "npz", "safetensors"]  # all that a map knows
TABLES = ["csv", "tsv"]  # weights, their places and labels
ARRAYS = ["weights", "visible", "query_vectors", "key_vectors"]
WORDS = ["queries", "keys", "layers", "heads", "text", "context"]


def rich_map():
    n = len(HOSTILE)
    visible = np.tril(np.ones((n, n), dtype=bool))
    made = make_map(HOSTILE, n_layer=2, text="\ud800 text", context="ab")
    tokens = tuple(
        Token(f"Ġ{label}", label, place, place + 1, place == 0, 1, None if place == 0 else place)
        for place, label in enumerate(HOSTILE)
    )
    return replace(
        made,
        queries=tokens,
        weights=made.weights * visible,
        visible=visible,
        layers=(7, 3),
        heads=(5, 1),
        meta={"variant": "causal", "window": [1, 2], "\u2028": {"row_sum": None, "x": 0.1}},
        query_vectors=np.linspace(-1, 1, 2 * 2 * n * 3, dtype=np.float32).reshape(2, 2, n, 3),
        key_vectors=np.linspace(-2, 1, 2 * 2 * n * 3, dtype=np.float32).reshape(2, 2, n, 3),
    )


MAPS = {
    "plain": make_map,
    "rich": rich_map,
    "two": lambda: make_map(["a"], ["b", "c"], n_layer=3, heads=(4, 2)),
}


def equal(made, amap, names):
    for name in names:
        one, other = getattr(made, name), getattr(amap, name)
        if name in ARRAYS and one is not None and other is not None:
            one, other = np.broadcast_arrays(one, other)
            assert np.array_equal(one, other), name
        else:
            assert one == other, name


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("build", MAPS)
def test_complete_formats_read_back_equal(name, build):
    amap = MAPS[build]()
    made = read(find_format(name).render(amap))
    equal(made, amap, [*ARRAYS, *WORDS])
    assert dict(made.meta) == dict(amap.meta)
    assert made.weights.dtype == np.float32


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("build", MAPS)
def test_complete_formats_read_back_byte_for_byte(name, build):
    first = find_format(name).render(MAPS[build]())
    again = find_format(name).render(read(first))
    assert json.dumps(read(again).meta.copy()) == json.dumps(read(first).meta.copy())
    if name != "npz" and name != "safetensors":
        assert again == first
    else:
        assert find_format(name).render(read(again)) == again


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("build", MAPS)
def test_tables_read_back_equal(name, build):
    amap = MAPS[build]()
    data = find_format(name).render(amap)
    made = read(data)
    equal(made, amap, ["weights", "layers", "heads"])
    assert [t.label for t in made.queries] == [t.label for t in amap.queries]
    assert [t.label for t in made.keys] == [t.label for t in amap.keys]
    assert find_format(name).render(made) == data
    assert made.meta["producer"] == name


@pytest.mark.parametrize("build", MAPS)
def test_parquet_reads_back_equal_but_for_vectors(build):
    amap = MAPS[build]()
    data = find_format("parquet").render(amap)
    made = read(data)
    equal(made, amap, ["weights", "visible", *WORDS])
    assert dict(made.meta) == dict(amap.meta)
    assert find_format("parquet").render(made) == data


def parquet_of(**columns):
    from pyarrow import parquet, table

    file = io.BytesIO()
    parquet.write_table(table(columns), file)
    return file.getvalue()


PLACES = {"layer": [0, 0], "head": [0, 0], "query": [0, 0], "key": [0, 1]}


def test_parquet_of_other_programs_needs_no_document():
    made = read(parquet_of(**PLACES, weight=[0.25, 0.75], key_token=["a", "b"]))
    assert made.weights.tolist() == [[[[0.25, 0.75]]]]
    assert [token.label for token in made.keys] == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"weight": [0.5, 0.5], "layer": ["a", "b"]}, "'layer' does not hold numbers"),
        ({"weight": ["x", "y"]}, "'weight' does not hold numbers"),
        (
            {"weight": [0.5, 0.5], "key": [0, None]},
            "'key' does not hold numbers, or has missing values",
        ),
        ({"weight": [0.5, 0.5], "key": [0, 0]}, "need more|two weights"),
        ({"weight": [0.5, 0.5], "key": [0, 5]}, "need more"),
        ({"weight": [0.5, float("nan")]}, "is nan"),
        ({}, "no column 'weight'"),
    ],
)
def test_parquet_that_is_no_attention_is_refused(columns, says):
    with pytest.raises(InvalidInputError, match=says):
        read(parquet_of(**(PLACES | columns)))


def test_broken_parquet_is_refused():
    data = find_format("parquet").render(make_map())
    for broken in (data[:-9], data[:4], data[: len(data) // 2] + data[len(data) // 2 + 7 :]):
        with pytest.raises(InvalidInputError):
            read(broken)


def test_rounded_numbers_read_back_as_written():
    data = find_format("json").render(make_map(), Style(precision=2))
    assert find_format("json").render(read(data)) == data


def test_a_file_is_read_by_what_is_in_it(tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(find_format("npz").render(make_map()))
    equal(read(path), make_map(), WORDS)
    equal(read(str(path)), make_map(), WORDS)


def test_documents_follow_one_another_and_one_is_chosen():
    render = find_format("jsonl").render
    data = render(make_map(["a", "b"])) + b"\n" + render(make_map(["c", "d", "e"]))
    assert [t.label for t in read(data).keys] == ["a", "b"]
    assert read(data).meta["guessed"] == ["showing document 0 of 2; choose with --which"]
    assert [t.label for t in read(data, which=1).keys] == ["c", "d", "e"]
    with pytest.raises(MisuseError, match="no document 2; choose from 0, 1"):
        read(data, which="2")


def test_tokens_of_the_caller_replace_those_of_the_file():
    data = find_format("json").render(make_map())
    assert [t.label for t in read(data, ["x", "y", "z"]).queries] == ["x", "y", "z"]


def changed(**changes):
    said = json.loads(find_format("json").render(make_map()))
    return json.dumps({**said, **changes}).encode()


def test_unknown_keys_and_minor_versions_are_ignored():
    made = read(changed(format_version="1.9", colour="red"))
    equal(made, make_map(), ["weights", *WORDS])


def test_a_document_may_be_spread_over_lines_and_sorted():
    said = json.loads(find_format("json").render(make_map()))
    equal(read(json.dumps(said, indent=2, sort_keys=True).encode()), make_map(), ["weights"])


REFUSED = {
    "format_version 2.0; this attnviz reads 1.0": {"format_version": "2.0"},
    "format_version 0.9; this attnviz reads 1.0": {"format_version": "0.9"},
    "not an attnviz document": {"format_version": 1},
    "no weights": {"weights": None},
    "weights have 3 axes": {"weights": [[[0.5]]]},
    "weights have 5 axes": {"weights": [[[[[0.5]]]]]},
    "ragged": {"weights": [[[[0.5, 0.5], [1.0]]]]},
    "holds str": {"weights": [[[["0.5"]]]]},
    "holds bool": {"weights": [[[[True]]]]},
    "holds NoneType": {"weights": [[[[None]]]]},
    "nested deeper": {"weights": [[[[[[[[[[1.0]]]]]]]]]]},
    "float32 cannot hold": {"weights": [[[[1e300]]]]},
    "3 tokens for 1 position of the query axis": {"weights": [[[[0.5, 0.5]]]]},
    "0 and 1 only": {"hidden": [[[[2]]]]},
    "does not fit the weights": {"hidden": [[[[0]] * 2] * 2] * 2},
    "not 0 where hidden is 1": {"hidden": [[[[1] * 3] * 3] * 2]},
    "weight is not 0 where hidden is 1": {
        **{"weights": [[[[-0.5, 0, 0]] * 3] * 2], "hidden": [[[[1, 0, 0]] * 3] * 2]},
    },
    "queries should be": {"queries": "cat"},
    "queries.0. should be": {"queries": ["cat"]},
    r"queries\[0\].word is True": {"queries": [{"label": "a", "word": True}]},
    r"queries\[0\].start is '0'": {"queries": [{"label": "a", "start": "0"}]},
    "layers should be": {"layers": [-1]},
    "heads should be": {"heads": 3},
    "3 indices of heads": {"heads": [1, 2, 3]},
    "text is 3": {"text": 3},
    "meta is": {"meta": []},
    "1 token for 3": {"keys": [{"label": "a"}]},
    "key_vectors": {"key_vectors": [[[[1.0]]]]},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_document_that_does_not_fit_is_refused_with_its_reason(reason):
    with pytest.raises(InvalidInputError, match=reason) as told:
        read(changed(**REFUSED[reason]))
    assert told.value.status == 3
    assert "\n" not in str(told.value)


WRONG_META = {
    **{"row_sum": "2", "signed": 1, "trained": "yes", "source": 3, "id": 3},
    **{"guessed": ["a", 1], "padding": [-1], "roles": "query", "predictions": 3},
    **{"nan_rows": [[0, 1]], "predictions_by_map": [], "effects": {"notes": 3}},
    "layer_properties": [{"algebra": "dot", "row_sum": "1", "signed": False, "layers": []}],
}


@pytest.mark.parametrize("name", CHECKS)
def test_metadata_of_another_type_is_refused_with_what_it_should_be(name):
    meaning = f"meta.{name} is {WRONG_META[name]!r:.40}; it should be {CHECKS[name][1]}"
    with pytest.raises(InvalidInputError, match=re.escape(meaning)):
        read(changed(meta={name: WRONG_META[name]}))


@pytest.mark.parametrize("entry", [[0, 1, 2], [0, 1, [0], 2], [-1, 1, [0]], [0, 1, ["a"]], "abc"])
def test_rows_of_nan_are_a_layer_a_head_and_queries(entry):
    assert read(changed(meta={"nan_rows": [[0, 1, [2, 0]]]})).meta["nan_rows"] == [[0, 1, [2, 0]]]
    with pytest.raises(InvalidInputError, match=r"a list of \[layer, head, queries\]"):
        read(changed(meta={"nan_rows": [[0, 1, [2]], entry]}))


def test_a_table_may_have_other_lines_and_columns():
    first, *lines = find_format("csv").render(make_map()).decode().splitlines()
    turned = [
        ",".join([*line.split(",")[::-1], "more"]) for line in (first, lines[0], *lines[:0:-1])
    ]
    equal(read("\n".join(turned).encode()), make_map(), ["weights", "queries"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: [lines[0].replace("key", "hat"), *lines[1:]], "no column 'key'"),
        (lambda lines: lines[:-1], "17 weights"),
        (lambda lines: [*lines[:-1], lines[1]], "two weights"),
        (lambda lines: [*lines[:-1], lines[-1] + ",more"], "invalid table, line 19 or before"),
        (lambda lines: [*lines[:-1], lines[-1].replace("0,1,2,2", "0,1,2,x")], "invalid literal"),
        (lambda lines: [*lines[:-1], lines[-1].replace("0,1,2,2", "0,1,2,-2")], "'key'"),
        (lambda lines: [*lines[:-1], lines[-1].replace("0,1,2,2", "0,1,2,2000000")], "'key'"),
        (
            lambda lines: [*lines[:-1], lines[-1].replace("0,1,2,2", "0,1,2," + "9" * 30)],
            "invalid table",
        ),
        (lambda lines: [*lines[:-1], lines[-1].rpartition(",")[0] + ",nan"], "is nan"),
        (lambda lines: [*lines[:-1], lines[-1].rpartition(",")[0] + ",1e99"], "is inf"),
        (lambda lines: lines[:1], "no line after its header"),
    ],
)
def test_a_broken_table_is_refused_with_its_reason(change, reason):
    lines = find_format("csv").render(make_map()).decode().splitlines()
    with pytest.raises(InvalidInputError, match=reason):
        read("\n".join(change(lines)).encode())


def test_the_map_of_a_document_is_an_attention_map():
    assert isinstance(read(changed()), AttentionMap)
