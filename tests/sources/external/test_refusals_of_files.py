"""Files that are recognized but not read: one line with the next step. Compressed text is read."""

from __future__ import annotations

import gzip
import re
import zipfile
from io import BytesIO

import numpy as np
import pyarrow
import pytest

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.render.formats import FORMATS, find_format
from attnviz.sources.external import read
from attnviz.sources.external.refusals import REFUSALS
from tests.cli.runner import run
from tests.conftest import make_map
from tests.sources.external.handmade_files import npy


def workbook(first):
    """A zip file whose first member has this name."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(first, "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>")
    return file.getvalue()


UNREAD = {
    "empty": (b"", "the file is empty"),
    "xlsx": (workbook("[Content_Types].xml"), "save the sheet as CSV"),
    "xlsx of openpyxl": (workbook("docProps/app.xml"), "save the sheet as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "save the sheet as CSV"),
    "mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128), "scipy.io.loadmat"),
    "mat 7.3": (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n", "h5py"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "h5py"),
    "feather": (b"ARROW1\0\0" + bytes(99), "to_parquet"),
    "orc": (b"ORC" + bytes(99), "Parquet or CSV"),
    "gguf": (b"GGUF" + bytes(99), "--model FILE"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "a picture holds no weights"),
    "svg": (b"<?xml version='1.0'?>\n<svg></svg>", "a picture holds no weights"),
    "page": (b"<!doctype html>\n<html><body>text</body></html>", "this page holds no attention"),
    "md": (b"## causal\n\nrows = queries", "a report in Markdown or LaTeX is not read"),
}
SENTENCE = "the doctor window the doctor"
REPORTS = {
    "explain": ("explain", SENTENCE, "-v", "causal"),
    "heads": ("heads", SENTENCE),
    "effect": ("effect", SENTENCE, "--model", "induction"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_files_of_other_kinds_name_the_next_step(name):
    data, advice = UNREAD[name]
    made = run("render", "-", stdin=data)
    assert made.status == 3 and made.err.count("\n") == 1
    assert advice in made.err


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_every_format_of_ours_is_read_or_names_the_next_step(row):
    if row.name == "table":  # in the terminal only
        return
    try:
        assert read(row.render(make_map())).weights.any()
    except InvalidInputError as error:
        assert re.search("; render the file that it was (drawn|made) from", str(error))


@pytest.mark.parametrize("name", REPORTS)
def test_reports_name_the_next_step(name):
    report = run(*REPORTS[name], "--json")
    made = run("render", "-", stdin=report.data)
    assert (report.status, made.status) == (0, 3)
    assert f"the output of attnviz {name} holds no map; render the map" in made.err


def test_every_refusal_has_a_file_here():
    texts = [run("render", "-", stdin=data).err for data, _ in UNREAD.values()]
    assert all(any(advice in text for text in texts) for _, advice in REFUSALS)


def test_files_that_are_read_are_not_refused():
    assert read(npy(np.eye(2))).weights.shape == (1, 1, 2, 2)
    for name in ("npz", "parquet", "html", "csv"):
        assert read(find_format(name).render(make_map())).weights.any()


def zstd(data):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.output_stream(sink, compression="zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


TEXTS = {
    "csv": b",a,b\na,0.5,0.5\nb,0.25,0.75\n",
    "json": b'{"attention": [[0.5, 0.5], [0.25, 0.75]], "tokens": ["a", "b"]}',
    "json lines": b'{"attention": [[0.5, 0.5], [0.25, 0.75]]}\n\n{"attention": [[1]]}\n',
    "long": b"query_token,key_token,weight\na,a,0.5\na,b,0.5\nb,a,0.25\nb,b,0.75\n",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("compress", [gzip.compress, zstd], ids=["gz", "zst"])
def test_compressed_text_is_read(name, compress):
    made = read(compress(TEXTS[name]), which=0 if name == "json lines" else None)
    assert made.weights.tolist() == [[[[0.5, 0.5], [0.25, 0.75]]]]


def test_broken_and_endless_zstd_is_refused():
    packed = zstd(TEXTS["csv"] * 9)
    with pytest.raises(InvalidInputError, match="invalid zstd"):
        read(packed[:-9])
    with pytest.raises(InvalidInputError, match="compressed bytes expand"):
        read(zstd(bytes(90_000_000)))


def test_zstd_without_pyarrow_names_the_package(monkeypatch):
    packed = zstd(TEXTS["csv"])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(CouldNotError, match=r"pip install 'attnviz\[arrow\]'"):
        read(packed)
