"""The architecture document's example, followed: the tests find its mask, normalizer and row."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.docs import ARCHITECTURE, README

FILES = dict(
    re.findall(
        r"```python\n# ((?:attnviz|tests)/\S+\.py)\n(.*?)```", ARCHITECTURE.read_text(), re.S
    )
)
TUPLES = {
    "attnviz/core/variants/__init__.py": ("FAMILIES = (\n", '    "own",\n'),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the example files in it."""
    root = tmp_path_factory.mktemp("project")
    ignore = shutil.ignore_patterns("__pycache__", "models", ".hypothesis", "node_modules")
    for name in ("attnviz", "tests"):
        shutil.copytree(README.parent / name, root / name, ignore=ignore)
    shutil.copy(README.parent / "pyproject.toml", root)
    for name, code in FILES.items():
        (root / name).write_text(code)
    for name, (start, line) in TUPLES.items():
        text = (root / name).read_text()
        assert start in text
        (root / name).write_text(text.replace(start, start + line))
    return root


def pytest_in(project, *words):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(project), "PATH": "/usr/bin:/bin"},
    )


def test_each_part_takes_fewer_than_20_lines():
    assert len(FILES) == 4
    for part in ("masks/evens", "normalizers/squares"):
        definition = re.split(r"\nclass ", FILES[f"attnviz/core/{part}.py"])[1]
        assert len(definition.split("\nPARTS")[0].strip().splitlines()) < 20
    assert len(FILES["attnviz/core/variants/own.py"].strip().splitlines()) < 20


def test_the_suite_picks_all_three_up(project):
    wanted = "even-squares or evens or squares"
    made = pytest_in(
        project, "tests/core/test_variants.py", "tests/core/test_catalogue.py", "-k", wanted
    )
    assert made.returncode == 0, made.stdout
    collected = pytest_in(project, "tests/core", "--collect-only", "-k", wanted).stdout
    for name in ("[even-squares]", "mask-evens]", "normalize-squares]", "[squares]"):
        assert name in collected, name


def test_without_an_oracle_it_fails(project, tmp_path):
    changed = tmp_path / "project"  # the other tests use the project as it is
    shutil.copytree(project, changed, ignore=shutil.ignore_patterns("__pycache__"))
    (changed / "tests/core/oracles/own.py").write_text("ORACLES = {}\n")
    made = pytest_in(changed, "tests/core/test_variants.py", "-k", "every_row_has_an_oracle")
    assert made.returncode != 0 and "even-squares" in made.stdout
