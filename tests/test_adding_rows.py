"""Numbers of places to edit: a family is one row, an option of `look` three places, a view two.

The tests edit a copy of the package and run it.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.docs import README

PACKAGE = README.parent / "attnviz"
FAMILY = {
    "sources/families/llama_like.py": (
        "FAMILIES = (LLAMA,",
        'FAMILIES = (replace(LLAMA, name="alpaca"), LLAMA,',
    ),
}
OPTION = {
    "sources/options.py": (
        "    seed: int | None\n",
        "    seed: int | None\n    doubled: int | None\n",
    ),
    "cli/options/look.py": (
        '        "seed": Opt(',
        '        "doubled": Opt("--doubled", int, help="Twice this seed."),\n        "seed": Opt(',
    ),
    "sources/seeded/run_seeded.py": (
        'seed=options.get("seed", 0)',
        'seed=options.get("seed", 0) + 2 * options.get("doubled", 0)',
    ),
}
VIEW = {
    "render/views.py": (
        '    View(\n        "overview",',
        '    View("mosaic", "a second name", terminal="mosaic"),\n    View(\n        "overview",',
    ),
    "render/terminal/mosaic.py": (
        "",
        '"""Mosaic."""\n\nfrom attnviz.render.terminal.numbers import *\n',
    ),
}


def run(root, *words):
    return subprocess.run(
        [sys.executable, "-m", "attnviz", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A copy of the package with all edits, each {file: (old, new)}; its parent folder."""
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(PACKAGE, root / "attnviz")
    for name, (old, new) in {**FAMILY, **OPTION, **VIEW}.items():
        path = root / "attnviz" / name
        text = path.read_text() if path.exists() else ""
        assert text.count(old) == 1 or not text, (name, old)
        path.write_text(text.replace(old, new, 1) if text else new)
    return root


def test_a_family_is_one_row(root):
    listed = run(root, "models")
    assert listed.returncode == 0, listed.stderr
    assert "alpaca" in listed.stdout
    assert len(FAMILY) == 1


def test_an_option_of_look_is_three_places(root):
    doubled = run(root, "The cat", "--doubled", "2", "--json")
    assert doubled.returncode == 0, doubled.stderr
    seeded = run(root, "The cat", "--seed", "4", "--json")
    assert json.loads(doubled.stdout)["weights"] == json.loads(seeded.stdout)["weights"]
    assert len(OPTION) <= 3


def test_a_view_is_two_places(root):
    shown, matrix = (run(root, "The cat", "--view", name) for name in ("mosaic", "matrix"))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == matrix.stdout
    assert len(VIEW) <= 2
