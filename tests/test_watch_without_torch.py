"""watch where PyTorch is not installed: one clear line."""

import importlib.util

import pytest

import attnviz
from attnviz.cli.options.watch import mark_program
from tests.cli.runner import run

LINE = "watch needs the torch package, which the program to be watched uses: pip install torch"


@pytest.fixture(autouse=True)
def no_torch(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "torch" else find_spec(name, *more),
    )


def test_one_line_in_python():
    with pytest.raises(attnviz.AttnvizError) as caught:
        attnviz.watch()
    assert str(caught.value) == LINE


def test_one_line_on_the_command_line(tmp_path):
    script = tmp_path / "program.py"
    script.write_text("raise AssertionError('must not run')")
    result = run("watch", "-o", str(tmp_path / "page.html"), str(script))
    assert (result.status, result.out, result.err) == (1, "", f"error: {LINE}\n")


PROGRAM_BEGINS = [
    ("watch a.py -o b", "watch -- a.py -o b"),
    ("watch -o x.html a.py --debug", "watch -o x.html -- a.py --debug"),
    ("watch -ox.html --with-qk a.py 1", "watch -ox.html --with-qk -- a.py 1"),
    ("watch --output=x.html a.py", "watch --output=x.html -- a.py"),
    ("watch -m a.b --epochs 1", "watch -m a.b -- --epochs 1"),
    ("watch -ma.b --epochs 1", "watch -ma.b -- --epochs 1"),
    ("watch --module=a.b --epochs 1", "watch --module=a.b -- --epochs 1"),
    ("watch --steps -5--1 -o x -m a -- b", "watch --steps -5--1 -o x -m a -- b"),
    ("watch -o x -- a.py -- b", "watch -o x -- a.py -- b"),
    ("watch --help", "watch --help"),
    ("watch", "watch"),
]


@pytest.mark.parametrize(("words", "marked"), PROGRAM_BEGINS)
def test_options_after_the_program_are_its_own(words, marked):
    assert mark_program(words.split()) == marked.split()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give a program"),
        (("a.py",), "standard output is the program's"),
        (("-o", "x.bmp", "a.py"), "unsupported extension"),
        (("-o", "x.html", "--input", "y", "a.py"), "No such option"),
        (("-o", "x.html", "--max-memory", "much", "a.py"), "must be a size"),
    ],
)
def test_misuse_is_one_line(words, message):
    result = run("watch", *words)
    assert result.status == 2 and message in result.err and result.err.count("\n") == 1
