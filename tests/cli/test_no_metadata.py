"""--no-metadata: files without command, paths, sentence and versions, searched byte by byte."""

import re
import shutil
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

import attnviz
from attnviz.cli.options.shared import DISPLAY
from attnviz.render.formats import FORMATS
from tests.cli.runner import run

MODEL = Path(__file__).parent.parent / "models" / "bert"
USER, SENTENCE, PAIR = "anna-example", "the cat sat", "a dog ran"
FILES = [row for row in FORMATS if row.kind in DISPLAY.options["no_metadata"].effect.views]


def content(path):
    """The bytes of a file, and of what is compressed in it."""
    data = path.read_bytes()
    parts = [data]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):  # of a PDF
        unpack = zlib.decompressobj()
        try:
            parts.append(unpack.decompress(stream))
        except zlib.error:
            continue
    if data.startswith(b"PK"):
        archive = zipfile.ZipFile(BytesIO(data))
        parts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(parts)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model in the folder of a user."""
    folder = tmp_path_factory.mktemp(USER) / "bert"
    shutil.copytree(MODEL, folder)
    return str(folder)


def find_private(path, model):
    private = (SENTENCE, PAIR, USER, str(Path(model).parent), "no-metadata", attnviz.__version__)
    return [text for text in private if text.encode() in content(path)]


@pytest.mark.parametrize("row", FILES, ids=lambda row: row.name)
def test_no_file_has_private_metadata(row, model, tmp_path):
    out = tmp_path / f"out{row.suffixes[0]}"
    words = (SENTENCE, "--pair", PAIR, "--model", model, "--layer", "0", "-o", str(out))
    assert run(*words, "--no-metadata").status == 0
    assert find_private(out, model) == []
    assert run(*words).status == 0
    has_none = ("pdf", "gif", "apng")  # a PDF escapes its text
    assert row.name in has_none or len(find_private(out, model)) >= 3


def test_files_without_metadata_are_read_and_shown(model, tmp_path):
    out = tmp_path / "out.json"
    run(SENTENCE, "--model", model, "--no-metadata", "-o", str(out))
    made, full = attnviz.read(out), attnviz.look(SENTENCE, model=model)
    assert (made.weights == full.weights).all() and made.queries == full.queries
    assert made.text is None and made.title == "bert"
    assert set(made.meta) < set(full.meta)
    for row in FILES:
        assert run("render", str(out), "-o", str(tmp_path / f"again{row.suffixes[0]}")).status == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-f", "csv"), "--no-metadata has no effect on csv"),
        ((), "--no-metadata has no effect on table"),
        (("-i", "x.txt", "-o", "x.jsonl", "--resume"), "--resume finds sentences by their text"),
    ],
)
def test_the_option_acts_or_is_refused(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.txt").write_text("a b\n")
    sentence = () if "-i" in words else (SENTENCE,)
    made = run(*sentence, *words, "--no-metadata")
    assert made.status == 2 and reason in made.err


def test_python_writes_files_without_metadata_too(model, tmp_path):
    out = tmp_path / "out.png"
    amap = attnviz.look(SENTENCE, model=model)
    attnviz.write(amap, out, show_metadata=False)
    assert find_private(out, model) == []
