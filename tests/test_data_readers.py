"""Other tools read the data files: jq, pandas, polars, DuckDB, NumPy."""

import json
import shutil
import subprocess

import numpy as np
import pytest

import attnviz

AWKWARD = 'NA null =1+1 naïve 中文 quo"te comma,tab 🐱'


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A map, and a file of it in each format for data."""
    folder = tmp_path_factory.mktemp("clients")
    amap = attnviz.look(AWKWARD, variant="causal", tokenizer="whitespace", heads=2)
    for ending in ("json", "jsonl", "csv", "tsv", "parquet", "npz"):
        attnviz.write(amap, folder / f"w.{ending}")
    return amap, folder


def same(amap, weights, keys, exact=True):
    assert np.array_equal(np.asarray(weights, np.float32), amap.weights.astype(np.float32).ravel())
    labels = [token.label for token in amap.keys] * (amap.n_head * len(amap.queries))
    read = list(keys)
    if not exact:  # a table quotes what a spreadsheet would run
        read = [json.loads(key) if key.startswith('"') else key for key in read]
    assert read == labels


def jq(program, path):
    made = subprocess.run(
        ["jq", "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(made.stdout)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_jq(written, ending):
    amap, folder = written
    path = folder / f"w.{ending}"
    assert jq("[.keys[].label]", path) == [token.label for token in amap.keys]
    assert np.allclose(jq(".weights[0][1]", path), amap.weights[0, 1], atol=1e-7)
    assert jq("[.hidden[0][0][0][1:] | add]", path) == [len(amap.keys) - 1]


@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("tsv", "\t")])
def test_pandas_reads_tables(written, ending, separator):
    import pandas

    amap, folder = written
    table = pandas.read_csv(folder / f"w.{ending}", sep=separator, keep_default_na=False)
    same(amap, table.weight, table.key_token, exact=False)


def test_pandas_reads_json_lines(written):
    import pandas

    amap, folder = written
    table = pandas.read_json(folder / "w.jsonl", lines=True)
    assert table.text[0] == amap.text and np.shape(table.weights[0]) == amap.weights.shape


def test_pandas_reads_parquet(written):
    import pandas

    amap, folder = written
    table = pandas.read_parquet(folder / "w.parquet")
    same(amap, table.weight, table.key_token)
    assert table.hidden.sum() == amap.masked.sum()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_polars(written, ending):
    import polars

    amap, folder = written
    table = getattr(polars, f"read_{ending}")(folder / f"w.{ending}")
    same(amap, table["weight"], table["key_token"], exact=ending == "parquet")
    spent = table.group_by("layer", "head", "query").agg(polars.col("weight").sum())
    assert np.allclose(spent["weight"], 1, atol=1e-6)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_duckdb(written, ending):
    import duckdb

    amap, folder = written
    path = folder / f"w.{ending}"
    with duckdb.connect() as base:
        rows = base.execute(
            f"select weight, key_token from '{path}' order by layer, head, query, key"
        ).fetchall()
        same(amap, *zip(*rows, strict=True), exact=ending == "parquet")
        heads = f"select count(distinct head) from '{path}'"
        assert base.execute(heads).fetchone() == (2,)


def test_duckdb_reads_json(written):
    import duckdb

    amap, folder = written
    with duckdb.connect() as base:
        listed = f"select unnest(keys).label from '{folder / 'w.jsonl'}'"
        labels = base.execute(listed)
        assert [row[0] for row in labels.fetchall()] == [token.label for token in amap.keys]


def test_numpy(written):
    amap, folder = written
    with np.load(folder / "w.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["weights"], amap.weights.astype(np.float32))
        assert arrays["keys"].tolist() == [token.label for token in amap.keys]
