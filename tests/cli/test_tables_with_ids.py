"""One CSV, TSV or Parquet file for many sentences, with a column `id`."""

import json

import pandas
import pytest

import attnviz
from attnviz.render.formats import FORMATS
from attnviz.sources.external import read_each
from tests.cli.runner import run

RECORDS = [
    {"id": "x", "text": "the cat", "context": "a dog ran"},
    {"id": "=7", "text": "he sat", "context": "she"},
    {"id": "z,\n", "text": "a", "context": "the cat"},
]
TABLES = [row for row in FORMATS if row.has_ids]


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return str(path)


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.name)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_table_holds_all_sentences(row, jobs, records, tmp_path):
    out = tmp_path / f"all{row.suffixes[0]}"
    assert run("-i", records, "-v", "cross", "-o", str(out), "--jobs", jobs).status == 0
    maps = list(read_each(out))
    assert [amap.meta["id"] for amap in maps] == [record["id"] for record in RECORDS]
    for record, amap in zip(RECORDS, maps, strict=True):
        alone = attnviz.look(record["text"], record["context"], variant="cross")
        assert amap.weights.tolist() == alone.weights.astype("f4").tolist()
        assert [token.label for token in amap.keys] == record["context"].split()


def test_a_table_is_read_by_pandas(records, tmp_path):
    out = tmp_path / "all.csv"
    run("-i", records, "-v", "cross", "-o", str(out))
    table = pandas.read_csv(out)
    assert list(table.columns)[-2:] == ["weight", "id"]
    sums = table.groupby(["id", "layer", "head", "query"], sort=False)["weight"].sum()
    assert sums.between(1 - 1e-5, 1 + 1e-5).all() and len(sums) == 2 + 2 + 1
    assert run("-i", records, "-v", "cross", "-f", "csv").data == out.read_bytes()


def test_lines_without_ids_are_numbered(tmp_path):
    made = run("-f", "tsv", stdin="a b\n\nc d\n")
    ids = [line.split("\t")[-1] for line in made.out.splitlines()]
    assert ids == ["id", *["1"] * 16, *["3"] * 16]


def test_one_sentence_and_one_file_per_sentence_have_no_ids(records, tmp_path):
    assert not run("a b", "-f", "csv").out.splitlines()[0].endswith("id")
    run("-i", records, "-v", "cross", "-o", str(tmp_path / "{n}.csv"))
    assert not (tmp_path / "1.csv").read_text().splitlines()[0].endswith("id")


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.name)
@pytest.mark.parametrize(
    ("ids", "reason"),
    [(("x", "x"), "duplicate id 'x'"), (("2", None), "some sentences have an id and others none")],
)
def test_ids_that_are_not_distinct_are_refused(row, ids, reason, tmp_path):
    records = "".join(json.dumps({"id": id, "text": "a b"}) + "\n" for id in ids)
    out = tmp_path / f"all{row.suffixes[0]}"
    made = run("--input-format", "jsonl", "-o", str(out), stdin=records)
    assert made.status == 1 and reason in made.err
    assert len(list(read_each(out))) == 1


def test_maps_of_a_file_are_one_table_too():
    made = run("-f", "jsonl", stdin="a b\nc d\n")
    table = run("render", "-", "-f", "csv", stdin=made.data).out.splitlines()
    assert table[0].endswith(",id") and table[1].endswith(",1") and table[-1].endswith(",2")


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.name)
def test_a_text_with_other_columns_is_refused(row, tmp_path):
    plain = run("a b", "--json")
    compared = run("compare", "a b", "-v", "causal", "-v", "hard", "--json")
    out = tmp_path / f"all{row.suffixes[0]}"
    made = run("render", "-", "-o", str(out), stdin=plain.data + compared.data)
    assert (made.status, made.err.count("\n")) == (2, 1)
    assert "map id, differ from those of the first text, layer head query" in made.err
    assert "-o 'table-{n}" in made.err and not out.exists()
