"""Plug-ins: rows of other packages are found by name and skipped with a warning if broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attnviz.core.variants import find_variant, plugins
from attnviz.errors import AttnvizWarning

HERE = Path(__file__).parent.parent
EXAMPLE = HERE / "plugin"


@pytest.fixture
def attnviz(tmp_path):
    """`attnviz` in a process with these entry points installed."""

    def run(*words, points="example = attnviz_example:ROWS", **environ):
        installed = tmp_path / "attnviz_example-1.0.dist-info"
        installed.mkdir(exist_ok=True)
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: attnviz-example\n")
        (installed / "entry_points.txt").write_text(f"[attnviz.variants]\n{points}\n")
        path = os.pathsep.join(map(str, (HERE.parent, EXAMPLE, tmp_path)))
        return subprocess.run(
            [sys.executable, "-m", "attnviz", *words],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": path, **environ},
        )

    return run


def test_the_example_runs_and_is_listed(attnviz):
    result = attnviz("The cat sat", "-v", "recent", "--json")
    weights = json.loads(result.stdout)["weights"][0][0]
    assert (result.returncode, result.stderr, weights[0]) == (0, "", [1.0, 0.0, 0.0])
    listed = json.loads(attnviz("variants", "--json").stdout)
    assert "recent" in {row["name"] for row in listed}


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ("broken = no_such_module:ROWS", "ModuleNotFoundError"),
        ("broken = attnviz_example:NOTHING", "AttributeError"),
        ("broken = attnviz_example:__name__", "expected a Variant, not str"),
    ],
)
def test_a_broken_plug_in_is_skipped_with_a_note(attnviz, points, why):
    listed = attnviz("variants", "--json", points=points)
    assert listed.returncode == 0
    assert "note: plug-in 'broken' is skipped" in listed.stderr and why in listed.stderr
    assert "multihead" in {row["name"] for row in json.loads(listed.stdout)}


def test_names_of_the_catalogue_never_load_a_plug_in(attnviz):
    result = attnviz("The cat sat", "--json", points="broken = no_such_module:ROWS")
    assert (result.returncode, result.stderr) == (0, "")


def test_all_plug_ins_can_be_skipped(attnviz):
    result = attnviz("The cat sat", "-v", "recent", ATTNVIZ_PLUGINS="0")
    assert result.returncode == 2 and "unknown variant 'recent'" in result.stderr


class EntryPoint:
    """An entry point whose object is given, or an error."""

    name = "example"

    def __init__(self, value):
        self.value = value

    def load(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def test_entry_points_are_rows_lists_of_rows_or_skipped():
    row = find_variant("dot")
    assert list(plugins.load_rows(EntryPoint(row))) == [row]
    assert list(plugins.load_rows(EntryPoint([row, row]))) == [row, row]
    for value, reason in (
        (ImportError("no"), "ImportError: no"),
        (3, "expected a Variant, not int"),
    ):
        with pytest.warns(AttnvizWarning, match=f"plug-in 'example' is skipped: {reason}"):
            assert list(plugins.load_rows(EntryPoint(value))) == []


def test_plug_ins_can_be_switched_off(monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [EntryPoint(group)])
    load = plugins.load_plugins.__wrapped__  # without its cache
    monkeypatch.setenv("ATTNVIZ_PLUGINS", "0")
    assert load() == ()
    monkeypatch.delenv("ATTNVIZ_PLUGINS")
    with pytest.warns(AttnvizWarning, match="expected a Variant, not str"):
        assert load() == ()
