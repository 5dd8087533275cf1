"""The documents are true: blocks are generated, examples are run, links lead somewhere."""

import re
import shlex
import string
import subprocess
import sys

import pytest
from PIL import Image

from tests.cli.runner import run
from tests.docs import BLOCK, BLOCKS, DOCUMENTS, IMAGES, README, ROOT, generated, link_models

TEXTS = {document: document.read_text() for document in DOCUMENTS}
SHELL = [
    script for text in TEXTS.values() for script in re.findall(r"```sh\n(.*?)```", text, re.S)
]
# Blocks that begin with a path are files; tests/test_adding_a_mechanism.py puts them there.
PYTHON = [
    code
    for text in TEXTS.values()
    for code in re.findall(r"```python\n(?!# \S+\.py\n)(.*?)```", text, re.S)
]
NOTES = ("note: model modified", "note: the model")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(document):
    assert generated(TEXTS[document]) == TEXTS[document], "make docs"


def test_every_block_is_used():
    used = {match["name"] for text in TEXTS.values() for match in BLOCK.finditer(text)}
    assert used == BLOCKS.keys()


def test_a_stale_block_is_noticed():
    stale = TEXTS[README].replace("| `causal` |", "| `casual` |")
    assert stale != TEXTS[README] and generated(stale) != stale


def test_the_readme_is_short():
    assert len(TEXTS[README].encode()) <= 26_000


def links(text):
    """The files that a document links to."""
    return re.findall(r"\]\(([^)#]+)[^)]*\)", text)


def anchors(text):
    """The headings that a document links to, as anchors."""
    return re.findall(r"\]\(#([^)]+)\)", text)


def unknown_anchors(text):
    """The anchors for which a document has no heading."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return [anchor for anchor in anchors(text) if anchor not in slugs]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_link_targets_exist(document):
    for link in links(TEXTS[document]):
        target = document.parent / link
        assert target.exists(), link
        if target.suffix in (".png", ".svg"):
            data = target.read_bytes()
            assert len(data) > 1000 and b"http://fonts" not in data and b"cdnjs" not in data


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_anchors_are_headings(document):
    assert unknown_anchors(TEXTS[document]) == []


def test_the_readme_has_links_and_anchors_to_check():
    assert links(TEXTS[README]) and anchors(TEXTS[README])
    (anchor, *_) = anchors(TEXTS[README])
    misspelt = TEXTS[README].replace(f"(#{anchor})", f"(#{anchor}-x)")
    assert f"{anchor}-x" in unknown_anchors(misspelt)


@pytest.fixture
def shell(tmp_path):
    """A folder where `attnviz` is a command, as after installing it; runs a script there."""
    command = tmp_path / "bin" / "attnviz"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnviz "$@"\n')
    command.chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    link_models(tmp_path)
    (tmp_path / "sample_inputs").symlink_to(README.parent / "sample_inputs")

    def run(script, **variables):
        path = f"{command.parent}:{tmp_path}:/usr/local/bin:/usr/bin:/bin"
        environ = {"PATH": path, "PYTHONPATH": str(README.parent), "COLUMNS": "80"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    return run


def statements(script):
    """The lines of a script, those that a pipe joins as one."""
    return re.sub(r"\|\n", "| ", script).splitlines()


def plain_words(line, variables):
    """The arguments of a line that runs `attnviz` and nothing else; None of another line."""
    shell = shlex.shlex(line, posix=True, punctuation_chars=True)
    shell.whitespace_split = True
    words = list(shell)
    if words[:1] != ["attnviz"] or any(set(word) <= set("|&;<>()") for word in words):
        return None
    return [string.Template(word).substitute(variables) for word in words[1:]]


@pytest.mark.parametrize("script", SHELL, ids=lambda text: text.strip().splitlines()[0][:60])
def test_shell_examples_run(script, shell, tmp_path, monkeypatch):
    """Lines of `attnviz` alone run in this process; in a shell each would import NumPy anew."""
    monkeypatch.chdir(tmp_path)
    variables = {}
    for line in statements(script):
        if assigned := re.fullmatch(r'(\w+)="([^"$]*)"', line):
            variables[assigned[1]] = assigned[2]
            continue
        words = plain_words(line, variables)
        if words is None or script == SHELL[0]:
            status, errors = shell(line, **variables)
        else:
            done = run(*words)
            status, errors = done.status, done.err
            assert done.data or "-o" in words or "--resume" in words, line
        errors = [line for line in errors.splitlines() if not line.startswith(NOTES)]
        assert (status, errors) == (0, []), line


def test_lines_of_other_programs_and_pipes_are_left_to_the_shell():
    given = {"text": "it is"}
    line = 'attnviz heads "$text" --at 2-4 -o all.csv --head 3.*,1   # as a | table'
    words = ["heads", "it is", "--at", "2-4", "-o", "all.csv", "--head", "3.*,1"]
    assert plain_words(line, given) == words
    for other in ("echo a", "attnviz a | jq .b", "attnviz a > b", "a && attnviz b"):
        assert plain_words(other, given) is None
    with pytest.raises(KeyError):
        plain_words('attnviz "$txt"', given)
    assert statements('a |\n  b "|"\nc') == ['a |   b "|"', "c"]


@pytest.mark.parametrize("line", ["attnviz a -v none", "attnviz a | false"])
def test_an_example_that_fails_is_noticed(line, shell, tmp_path, monkeypatch):
    with pytest.raises(AssertionError, match=re.escape(line)):
        test_shell_examples_run(line, shell, tmp_path, monkeypatch)


@pytest.mark.parametrize("code", PYTHON, ids=lambda text: text.strip().splitlines()[0][:60])
def test_python_examples_run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(README.parent))
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("path", sorted(IMAGES.glob("*.png")), ids=lambda path: path.name)
def test_pictures_name_no_folder_of_the_machine_that_drew_them(path):
    with Image.open(path) as picture:
        facts = getattr(picture, "text", {})
    assert not [word for text in facts.values() for word in text.split() if word[0] == "/"], facts
