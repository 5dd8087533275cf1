"""Long-format CSV and TSV: rows, numbers, and cells without spreadsheet formulas."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO

import numpy as np
import pandas
import pytest

from attnviz.core.file_format import COLUMNS, from_cell, to_cell
from attnviz.render.data import csv_table as rows
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map

TABLES = [(find_format("csv").render, ","), (find_format("tsv").render, "\t")]
FORMULA = "=+-@\t\r＝＋－＠"


@pytest.mark.parametrize(("table", "separator"), TABLES)
def test_pandas_reads_the_table(table, separator):
    tokens = (*HOSTILE, "plain")
    amap = make_map(tokens, n_layer=2, layers=(4, 9), heads=(0, 7))
    frame = pandas.read_csv(
        BytesIO(table(amap, Style())), sep=separator, keep_default_na=False, encoding="utf-8"
    )
    assert tuple(frame.columns) == COLUMNS
    weights = frame.weight.to_numpy(np.float32).reshape(amap.weights.shape)
    assert np.array_equal(weights, amap.weights)
    assert list(frame.layer.unique()) == [4, 9]
    assert list(frame["head"].unique()) == [0, 7]
    first = frame[(frame.layer == 4) & (frame["head"] == 0) & (frame["query"] == 0)]
    assert tuple(map(from_cell, first.key_token)) == tokens
    assert list(first.key) == list(range(len(tokens)))


@pytest.mark.parametrize(("table", "separator"), TABLES)
@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_every_weight_has_one_line_and_no_cell_is_a_formula(table, separator, token):
    table_text = table(make_map([token, "b"], n_head=1), Style()).decode("utf-8", "strict")
    lines = table_text.split("\n")
    assert lines[-1] == ""
    assert len(lines) == 1 + 2 * 2 + 1
    assert table_text.splitlines() == lines[:-1]
    for record in list(csv.reader(StringIO(table_text, newline=""), delimiter=separator))[1:]:
        assert len(record) == len(COLUMNS)
        assert not any(cell.lstrip()[:1] in set(FORMULA) for cell in record[4:6])


def test_a_number_is_never_changed_to_hide_a_formula():
    amap = make_map(["a"], n_head=1)
    negative = type(amap)(amap.queries, amap.keys, -amap.weights)
    assert b"".join(rows.csv(negative, Style())).endswith(b"0,0,0,0,a,a,-1.0\n")


@pytest.mark.parametrize("text", [*HOSTILE, *FORMULA, " =1", "'s", '"', '"a"', "\\u0041", "a=b"])
def test_cells_read_back_as_the_text(text):
    assert from_cell(to_cell(text)) == text


@pytest.mark.parametrize("text", ["cat", "'s", "中文", "👩‍👩‍👧‍👦", "a=b", "NA", "", " "])
def test_ordinary_text_stays_as_it_is(text):
    assert to_cell(text) == text


def test_a_cell_with_quotation_marks_reads_back_unchanged():
    assert from_cell('"cat') == '"cat'


def test_precision_rounds():
    assert b",0.62\n" in b"".join(rows.csv(make_map(), Style(precision=2)))
