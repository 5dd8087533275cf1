"""Parquet is written in row groups: the same table, without memory for the whole of it."""

import io
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pyarrow
import pytest
from pyarrow.parquet import ParquetFile, read_table

import attnviz
from attnviz.core.file_format import COLUMNS
from attnviz.errors import NumbersError
from attnviz.render.data import parquet_rows
from attnviz.render.formats import find_format
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.test_chunks import map_of


def rows_of(amap):
    """All rows of the table, computed cell by cell."""
    queries, keys = ([token.label for token in ts] for ts in (amap.queries, amap.keys))
    visible = np.broadcast_to(True if amap.visible is None else amap.visible, amap.weights.shape)
    return [
        {
            "layer": amap.layers[i],
            "head": amap.heads[j],
            "query": q,
            "key": k,
            "query_token": queries[q],
            "key_token": keys[k],
            "weight": float(np.float32(amap.weights[i, j, q, k])),
            "hidden": not visible[i, j, q, k],
        }
        for i, j, q, k in np.ndindex(amap.weights.shape)
    ]


@pytest.mark.parametrize("size", [1, 10, 33, 1 << 17])
def test_row_groups_of_any_size_hold_the_same_table(size, monkeypatch):
    amap = replace(map_of(2, 5), keys=make_map([f"key {n}" for n in range(5)]).queries)
    monkeypatch.setattr(parquet_rows, "ROW_GROUP_SIZE", size)
    file = ParquetFile(io.BytesIO(find_format("parquet").render(amap)))
    rows = max(1, size // 5) * 5  # of whole queries
    assert file.num_row_groups == -(-amap.weights.size // rows)
    assert file.read().to_pylist() == rows_of(amap)


def test_small_texts_share_a_row_group(tmp_path):
    texts = ["the cat", "a dog ran", "a \U0001f63a sat"]
    path = tmp_path / "all.parquet"
    assert run("-o", str(path), stdin="\n".join(texts)).status == 0
    file = ParquetFile(path)
    rows = [
        {**row, "id": str(n)}
        for n, text in enumerate(texts, start=1)
        for row in rows_of(attnviz.look(text))
    ]
    assert file.read().to_pylist() == rows and file.num_row_groups == 1
    types = [str(field.type) for field in file.schema_arrow]
    assert types == ["int32"] * 4 + ["string"] * 2 + ["float", "bool", "string"]


def test_columns_keep_their_types():
    table = read_table(io.BytesIO(find_format("parquet").render(make_map())))
    assert table.column_names == [*COLUMNS, "hidden"]
    types = ["int32"] * 4 + ["string"] * 2 + ["float", "bool"]
    assert [str(field.type) for field in table.schema] == types
    assert b"document" in table.schema.metadata


def test_a_large_map_takes_less_than_20_mb_to_write():
    amap = map_of(2, 400)
    pool = pyarrow.default_memory_pool()
    tracked = pyarrow.proxy_memory_pool(pool)
    pyarrow.set_memory_pool(tracked)
    tracemalloc.start()
    try:
        sizes = [len(chunk) for chunk in find_format("parquet").chunks(amap)]
        peak = tracemalloc.get_traced_memory()[1] + tracked.max_memory()
    finally:
        tracemalloc.stop()
        pyarrow.set_memory_pool(pool)
    assert peak < 20e6 < 76 * amap.weights.size  # 76 bytes a weight: the table as a whole
    assert max(sizes) < 2e6 and tracked.max_memory() > 0


def test_numbers_outside_float32_are_refused_before_the_first_chunk():
    weights = np.zeros((1, 2, 3, 3))
    weights[0, 1, 2, 0] = 1e300
    amap = replace(make_map("abc"), weights=weights)
    with pytest.raises(NumbersError, match=r"weight \[0, 1, 2, 0\] is 1e\+300"):
        find_format("parquet").chunks(amap)


def test_several_sentences_go_to_a_file_each(tmp_path):
    assert run("-o", str(tmp_path / "{n}.parquet"), stdin="a b c\nd e\n").status == 0
    tables = [read_table(tmp_path / f"{n}.parquet") for n in (1, 2)]
    assert [len(set(table["query_token"].to_pylist())) for table in tables] == [3, 2]


THREADS = """
import os, sys
import pyarrow.parquet
from tests.cli.runner import run

folder, before = sys.argv[1], len(os.listdir("/proc/self/task"))
for words in (["-o", f"{folder}/many.parquet"], ["render", f"{folder}/many.parquet"]):
    assert run(*words, stdin="the cat\\na dog\\n").status == 0
if len(sys.argv) > 2:  # the twin
    pyarrow.parquet.read_table(open(f"{folder}/many.parquet", "rb"))
print(len(os.listdir("/proc/self/task")) - before, flush=True)
os._exit(0)  # without the wait for threads that aborts
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("twin", [[], ["read with threads"]])
def test_several_texts_leave_no_thread_of_pyarrow(twin, tmp_path):
    # One that still reads when the interpreter ends aborts the process, with a complete file.
    made = subprocess.run(
        [sys.executable, "-c", THREADS, tmp_path, *twin],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (int(made.stdout) == 0) == (not twin)
