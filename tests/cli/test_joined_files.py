"""One PDF, or one page, of several texts: each text is there, or the file is absent."""

import errno
import json
import os
import re
import sys

import numpy as np
import pytest

import attnviz
from attnviz.render.figure.pdf_pages import PdfPages
from tests.cli.runner import run

TEXTS = ["The cat sat", "It was late and dark", "a b"]
RECORDS = [{"id": f"x{n}", "text": text} for n, text in enumerate(TEXTS)]


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, RECORDS)))
    return path


@pytest.fixture
def titles(monkeypatch):
    """The titles of all pages that are drawn."""
    found = []
    add = PdfPages.add

    def record(self, figure, zoom=1.0):
        found.append(next(text.get_text() for text in figure.texts if text.get_label() == "title"))
        add(self, figure, zoom)

    monkeypatch.setattr(PdfPages, "add", record)
    return found


def page_numbers(path):
    """How many pages a PDF has, and how many its directory states."""
    data = path.read_bytes()
    assert data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\b", data)), int(re.search(rb"/Count (\d+)", data)[1])


def data_island(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(), re.DOTALL)[1])


def test_a_pdf_has_a_page_for_each_text(records, tmp_path, titles):
    path = tmp_path / "all.pdf"
    done = run("-i", str(records), "-v", "causal", "-o", str(path), "--title", "T")
    assert (done.status, done.err) == (0, "")
    assert page_numbers(path) == (3, 3)
    assert titles == ["x0 · T", "x1 · T", "x2 · T"]
    first = path.read_bytes()
    assert run("-i", str(records), "-v", "causal", "-o", str(path), "--title", "T").status == 0
    assert path.read_bytes() == first  # the same bytes


def test_a_page_has_a_choice_of_the_texts(records, tmp_path):
    path = tmp_path / "all.html"
    done = run("-i", str(records), "-v", "causal", "--layers", "2", "-o", str(path))
    assert (done.status, done.err) == (0, "")
    data = data_island(path)
    assert (data["title"], data["choice"]) == ("3 texts", "text")
    names = [each["name"] for each in data["maps"]]
    assert names == [f"{row['id']} · {row['text']}" for row in RECORDS]
    assert all("compare" not in each["views"] for each in data["maps"])
    for name, text in zip(names, TEXTS, strict=True):
        made = attnviz.read(path, which=name)
        truth = attnviz.look(text, variant="causal", layers=2)
        assert np.abs(made.weights - truth.weights).max() < 1e-4
        assert [token.label for token in made.keys] == text.split()


@pytest.mark.parametrize("words", [("--vmax", "0.5"), ("--shared-scale",)])
def test_a_requested_scale_is_that_of_all_texts(words, records, tmp_path):
    path = tmp_path / "all.html"
    assert run("-i", str(records), "-v", "multihead", "-o", str(path), *words).status == 0
    data = data_island(path)
    tops = {each["scale"]["high"] for each in data["maps"]}
    assert data["start"]["scale"] == "requested" and len(tops) == 1
    assert words[0] == "--shared-scale" or tops == {0.5}


def test_documents_of_a_file_are_joined(records, tmp_path, titles):
    document = tmp_path / "maps.jsonl"
    assert run("-i", str(records), "-v", "causal", "-o", str(document)).status == 0
    outputs = [tmp_path / name for name in ("all.pdf", "all.html")]
    done = run("render", str(document), *(f"-o{path}" for path in outputs))
    assert done.status == 0 and titles == ["x0 · causal", "x1 · causal", "x2 · causal"]
    assert data_island(outputs[1])["title"] == "maps.jsonl"
    assert len(data_island(outputs[1])["maps"]) == 3


def test_an_invalid_line_has_no_page_and_the_others_have(tmp_path):
    source, path = tmp_path / "texts.jsonl", tmp_path / "all.pdf"
    source.write_text('{"text": "a b"}\n{"text": ""}\n{"text": "c"}\n')
    done = run("-i", str(source), "-v", "causal", "-o", str(path))
    assert done.status == 1 and done.err == "error: line 2: the sentence is empty\n"
    assert page_numbers(path) == (2, 2)


@pytest.mark.parametrize("name", ["all.pdf", "all.html"])
def test_a_run_that_stops_leaves_the_earlier_file(name, tmp_path):
    source, path = tmp_path / "texts.txt", tmp_path / name
    source.write_bytes(b"a b\n\xff\nc\n")
    path.write_bytes(b"earlier")
    done = run("-i", str(source), "-v", "causal", "-o", str(path), "--fail-fast")
    assert done.status == 1
    assert path.read_bytes() == b"earlier"
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, "texts.txt"])


@pytest.mark.parametrize("name", ["all.pdf", "all.html"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of file sizes")
def test_a_full_disk_leaves_no_page(name, records, tmp_path):
    """The limit stays when the file is cut: what is buffered can never be written."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        done = run("-i", str(records), "-o", str(tmp_path / name))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    reason = os.strerror(errno.EFBIG)
    assert (done.status, done.err) == (1, f"error: cannot write '{tmp_path / name}': {reason}\n")
    assert [each.name for each in tmp_path.iterdir()] == [records.name]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--resume", "-o", "OUT/all.pdf"), "--resume cannot continue a pdf file"),
        (("--resume", "-o", "OUT/all.html"), "--resume cannot continue a html file"),
        (("-f", "pdf"), "several sentences, but a pdf file holds one"),
        (("-o", "OUT/all.png"), "several sentences, but a png file holds one"),
    ],
)
def test_what_cannot_be_joined_is_refused(words, message, records, tmp_path):
    words = [word.replace("OUT", str(tmp_path)) for word in words]
    done = run("-i", str(records), "-v", "causal", *words)
    assert done.status == 2 and message in done.err
    assert list(tmp_path.iterdir()) == [records]


def test_a_page_of_too_many_weights_is_absent(records, tmp_path, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.data_island.MAX_WEIGHTS", 30)
    document, path = tmp_path / "maps.jsonl", tmp_path / "all.html"
    run("-i", str(records), "-v", "causal", "-o", str(document))
    done = run("render", str(document), "-o", str(path))
    assert done.status == 2 and "holds up to 30 weights, these maps have 34" in done.err
    assert not path.exists() and not list(tmp_path.glob("*.partial"))


def test_several_processes_write_the_same_pages(records, tmp_path):
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    words = ("-i", str(records), "-v", "causal", "--no-metadata")
    assert run(*words, "-o", str(one)).status == 0
    assert run(*words, "-o", str(two), "--jobs", "2").status == 0
    assert one.read_bytes() == two.read_bytes()
    assert data_island(one)["maps"][0]["name"] == "1 · The cat sat"
