"""The documents are true: blocks are generated, examples are run, links lead somewhere."""

import re
import subprocess
import sys

import pytest
from PIL import Image

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
    """A folder where `attnviz` is a command, as after installing it."""
    command = tmp_path / "bin" / "attnviz"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnviz "$@"\n')
    command.chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    link_models(tmp_path)
    (tmp_path / "sample_inputs").symlink_to(README.parent / "sample_inputs")

    def run(script):
        path = f"{command.parent}:{tmp_path}:/usr/local/bin:/usr/bin:/bin"
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={"PATH": path, "PYTHONPATH": str(README.parent), "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("script", SHELL, ids=lambda text: text.strip().splitlines()[0][:60])
def test_shell_examples_run(script, shell):
    done = shell(script)
    errors = [line for line in done.stderr.splitlines() if not line.startswith(NOTES)]
    assert (done.returncode, errors) == (0, []), done.stderr


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
