"""attnviz watch: a program runs as with `python`, and its attention is in files."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import attnviz
from tests.cli.runner import run

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
    import atexit, sys, os, torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    atexit.register(lambda: print("at exit", __name__))
    print(sys.argv, __name__, __file__, __spec__ is None, os.getcwd(), sys.path[0])
    print(torch.get_num_threads(), sys.modules["__main__"].nn is nn, file=sys.stderr)
    model = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)
    for step in range(3):
        loss = model(torch.randn(2, 6, 8), torch.randn(2, 4, 8)).square().mean()
        loss.backward()
        print(loss.item(), flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.fixture(autouse=True)
def main_module():
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


def program(more="", name="code/program.py", text=PROGRAM):
    path = Path(name)
    path.write_text(textwrap.dedent(text) + textwrap.dedent(more))
    return str(path)


def read_lines(name):
    return Path(name).read_text().splitlines()


def files():
    return [path.name for path in Path().iterdir()]


def python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_a_script_runs_as_with_python():
    script = program("sys.exit(5)")
    plain = python(script, "--debug", "-o", "x.html")
    watched = python(
        "-m", "attnviz", "watch", "-o", "page.html", "-o", "all.jsonl", "-o", "w.npz",
        "-o", "w.parquet", "-o", "w.png", script, "--debug", "-o", "x.html",
    )  # fmt: skip
    assert (watched.stdout, watched.returncode) == (plain.stdout, plain.returncode)
    assert plain.returncode == 5
    kinds = ("encoder", "decoder", "cross")
    written = {f"{n}-{k}.{e}" for n, e in NAMES for k in kinds} | {"all.jsonl", "code"}
    assert set(files()) == written
    assert [json.loads(line)["meta"]["id"] for line in read_lines("all.jsonl")] == list(kinds)
    amap = attnviz.read("w-cross.npz")
    assert amap.weights.shape == (2, 2, 4, 6) and amap.meta["step"] == 2
    assert Path("w-encoder.png").read_bytes().startswith(b"\x89PNG")
    assert "decoder.layers.*.multihead_attn" in Path("page-cross.html").read_text()
    assert watched.stderr.startswith(plain.stderr)


NAMES = (("page", "html"), ("w", "npz"), ("w", "parquet"), ("w", "png"))


def test_a_module_runs_as_with_python():
    package = Path("package")
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("VALUE = 3")
    text = PROGRAM.replace("import atexit", "from . import other\n    import atexit")
    program("print(other.VALUE, __package__)", "package/__main__.py", text)
    plain = python("-m", "package", "1", "--epochs")
    watched = python("-m", "attnviz", "watch", "-o", "a.jsonl", "-m", "package", "1", "--epochs")
    assert (watched.stdout, watched.returncode) == (plain.stdout, plain.returncode)
    assert "3 package" in plain.stdout
    assert Path("a.jsonl").exists()


def test_a_program_that_raises_has_its_traceback_and_its_status():
    script = program("raise ValueError('of the program')")
    plain = python(script)
    watched = python("-m", "attnviz", "watch", "-o", "a.jsonl", script)
    assert (watched.stdout, watched.returncode) == (plain.stdout, plain.returncode)
    assert plain.returncode == 1
    assert watched.stderr.startswith(plain.stderr)
    assert len(Path("a.jsonl").read_text().splitlines()) == 3


def test_an_interrupted_program_ends_and_what_was_recorded_is_written():
    script = program("import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "attnviz", "watch", "-o", "a.jsonl", script],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while "ready" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "KeyboardInterrupt" in messages and "attnviz" not in messages.split("note:")[0]
    assert len(Path("a.jsonl").read_text().splitlines()) == 3


def watch(*words, script=None):
    """The command, in this process."""
    return run("watch", *words, script or program())


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ((), [2]),
        (("--steps", "0-1"), [0, 1]),
        (("--steps", "-2--1"), [1, 2]),
        (("--steps", "0-9", "--every", "2"), [0, 2]),
    ],
)
def test_steps(words, steps):
    result = watch("-o", "a.jsonl", "--modules", "encoder.*", *words)
    assert result.status == 0, result.err
    metas = [json.loads(line)["meta"] for line in read_lines("a.jsonl")]
    assert [meta["step"] for meta in metas] == steps
    assert {meta["attention"] for meta in metas} == {"encoder"}


def test_one_map_has_the_name_that_was_given():
    words = ("--modules", "encoder", "--layer", "1", "--head", "0", "--item", "1", "--with-qk")
    result = watch("-o", "w.npz", *words, "--tokens", "a b c d e f")
    assert (result.status, result.out) == (0, "")
    amap = attnviz.read("w.npz")
    assert (amap.layers, amap.heads, amap.weights.shape) == ((1,), (0,), (1, 1, 6, 6))
    assert [t.label for t in amap.keys] == list("abcdef")
    assert amap.query_vectors.shape == (1, 1, 6, 4)
    assert "showing batch item 1 of 2" in result.err


def test_pooled_maps_and_rows():
    assert watch("-o", "w.npz", "--modules", "encoder", "--pool", "3").status == 0
    amap = attnviz.read("w.npz")
    assert amap.weights.shape == (2, 2, 3, 3) and "pooled" in amap.meta
    assert watch("-o", "r.npz", "--modules", "encoder", "--rows", "0,-1").status == 0
    assert np.shape(attnviz.read("r.npz").weights) == (2, 2, 2, 6)


REFUSED = [
    (("--modules", "nothing"), 2, "none of 6 attention calls"),
    (("--layer", "-1"), 2, "--layer -1: the number of layers is not known"),
    (("--head", "9"), 2, "there is no head 9"),
    (("--steps", "x"), 2, "--steps 'x' must be a list"),
    (("--max-memory", "1kB"), 2, "and the limit is 1.0 kB"),
    (("--tokens", "a b"), 3, "the tokens fit none of the maps: 2"),
    (("-o", "missing/a.html"), 1, "there is no folder 'missing'"),
]


@pytest.mark.parametrize(("words", "status", "message"), REFUSED, ids=str)
def test_what_cannot_be_done_is_one_error(words, status, message):
    script = program(text=PROGRAM.replace("range(3)", "range(1)"))
    result = watch("-o", "a.npz", *words, script=script)
    assert result.status == status
    assert message in result.err
    assert sum(line.startswith("error:") for line in result.err.splitlines()) == 1
    assert files() == ["code"]


def test_a_program_without_attention():
    script = program(text="import torch\nprint(torch.ones(2).softmax(0))")
    result = watch("-o", "a.html", script=script)
    assert result.status == 2 and "no attention was recognized in the program" in result.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py", "cannot run 'missing.py': No such file or directory"),
        ("code/broken.py", "cannot run 'code/broken.py': line 2"),
    ],
)
def test_a_script_that_cannot_be_run(name, message):
    Path("code/broken.py").write_text("x = 1\ny = (")
    result = watch("-o", "a.html", script=name)
    assert result.status == 1 and message in result.err


def test_a_module_that_is_not_there():
    result = run("watch", "-o", "a.html", "-m", "no.such.module")
    assert result.status == 1 and "cannot run module 'no.such.module'" in result.err
