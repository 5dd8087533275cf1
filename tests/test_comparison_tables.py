"""Comparisons and reduced maps as tables: heads keep their numbers, a column names their map."""

import csv
from io import BytesIO, StringIO

import numpy as np
import pytest

import attnviz
from attnviz.core.comparison import compared_heads
from attnviz.render.formats import find_format
from attnviz.render.style import Style


def compared(text="The cat", **options):
    """A comparison of two mechanisms, heads 1 and 3 of 4."""
    variants = ["multihead", "multihead:normalize=hard"]
    return attnviz.compare(text, variants=variants, select_heads=[1, 3], **options)


def rendered(amap, name):
    """The bytes of a format."""
    made = find_format(name).chunks(amap, Style())
    return b"".join(made) if not isinstance(made, bytes) else made


def read_rows(amap, name):
    """The rows of a table as dicts, whatever its format."""
    data = rendered(amap, name)
    if name == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(BytesIO(data)).to_pylist()
    separator = {"csv": ",", "tsv": "\t"}[name]
    return list(csv.DictReader(StringIO(data.decode()), delimiter=separator))


@pytest.mark.parametrize("name", ["csv", "tsv", "parquet"])
def test_heads_keep_their_numbers_and_a_column_names_the_map(name):
    amap = compared()
    expected = {
        (head.name, head.head): amap.weights[0, j] for j, head in enumerate(compared_heads(amap))
    }
    found = {}
    for row in read_rows(amap, name):
        at = int(row["query"]), int(row["key"])
        found.setdefault((row["map"], int(row["head"])), np.zeros((2, 2)))[at] = row["weight"]
    assert found.keys() == expected.keys() and {head for _, head in found} == {1, 3}
    for at, weights in expected.items():
        assert np.allclose(found[at], weights)


@pytest.mark.parametrize("name", ["csv", "tsv", "parquet"])
def test_a_comparison_is_read_back(name):
    amap = compared(layers=2)
    back = attnviz.read(rendered(amap, name))
    assert np.allclose(back.weights, amap.weights) and back.layers == amap.layers
    entry = compared_heads(amap)[-1]
    if name == "parquet":
        assert compared_heads(back) == compared_heads(amap) and back.names == amap.names
    else:
        assert back.names[-1] == f"{entry.name} · head {entry.head}"


@pytest.mark.parametrize("name", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("selected", "label"),
    [
        ({"select_heads": "mean"}, "mean of 4 heads"),
        ({"select_layers": "max", "select_heads": 2}, "max of 2 layers · head 2"),
    ],
)
def test_the_label_of_a_mean_is_in_the_table(name, selected, label):
    rows = read_rows(attnviz.look("The cat", layers=2, **selected), name)
    assert {row["map"] for row in rows} == {label}


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_other_maps_have_no_such_column(name):
    assert "map" not in read_rows(attnviz.look("The cat"), name)[0]


def test_names_with_commas_and_percent_signs_are_cells_too():
    made = compared("50% of, them", other_text=None)
    assert len(read_rows(made, "csv")) == made.weights.size
    two = attnviz.compare("a, 5% b", other_text="=, 5% c", variants=["dot"])
    assert {row["map"] for row in read_rows(two, "csv")} >= {"a, 5% b"}
    assert np.allclose(attnviz.read(rendered(two, "csv")).weights, two.weights)
