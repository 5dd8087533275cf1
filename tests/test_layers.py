"""Imports go downwards, every folder has its place, and nothing imports in a circle."""

import pytest

from tests.layers import ROOT, at_module_level, circles, import_graph, unplanned, violations

SOURCES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
FILES = list(SOURCES)
HEAVY = ("matplotlib", "tokenizers", "safetensors", "huggingface_hub", "pyarrow")


def test_there_are_files():
    assert len(FILES) > 300


def test_imports_go_downwards():
    assert [line for path in FILES for line in violations(path, SOURCES[path])] == []


def test_every_folder_and_file_of_a_planned_folder_has_a_layer():
    assert set(unplanned(FILES)) == set()
    assert set(unplanned(["utils/x.py", "core/helpers.py"])) == {"utils", "core/helpers"}


def test_no_circle():
    assert circles(import_graph(SOURCES)) == []


def test_the_test_finds_circles():
    first = "from attnviz.core.scores.b import B"
    second = "def f():\n    from attnviz.core.scores import a"
    graph = import_graph({"core/scores/a.py": first, "core/scores/b.py": second})
    assert circles(graph) == [["core/scores/a.py", "core/scores/b.py"]]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("core/masks/__init__.py", "from attnviz.render import style"),
        ("core/masks/local.py", "import rich"),
        ("core/masks/local.py", "import scipy"),
        ("core/masks/local.py", "def f():\n    from attnviz.api.look import look"),
        ("core/masks/local.py", "from attnviz.core.engine.attention import weigh"),
        ("core/normalizers/x.py", "from attnviz.core.mixers import Mixer"),
        ("core/variant.py", "from attnviz.core.variants import VARIANTS"),
        ("core/part.py", "from attnviz.core.masks import Mask"),
        ("core/helpers.py", "from attnviz.core.arrays import FloatArray"),
        ("render/style.py", "import attnviz.sources.tokenizing"),
        ("render/safe_text.py", "from attnviz.render.formats import FORMATS"),
        ("render/figure/x.py", "from attnviz.render.page.bundle import page_script"),
        ("sources/checkpoint/config.py", "from attnviz.sources.families import FAMILIES"),
        (
            "sources/transformer/stack.py",
            "from attnviz.sources.model.checkpoint import Checkpoint",
        ),
        ("measures/x.py", "from attnviz.render.safe_text import printable"),
        ("api/look.py", "from attnviz.cli.environment import Environment"),
        ("lookup.py", "from attnviz.core.grid import Grid"),
        ("cli/options/spec.py", "from attnviz.cli.output.render import targets"),
        ("cli/commands/show.py", "import matplotlib"),
        ("cli/commands/show.py", "import click"),
        ("sources/x.py", "import torch"),
        ("core/map_output.py", "import pandas"),
        ("core/map_output.py", "if TYPE_CHECKING:\n    import rich"),
        ("core/attention_map.py", "if TYPE_CHECKING:\n    import pandas"),
    ],
)
def test_the_test_finds_violations(path, line):
    assert list(violations(path, line))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("api/look.py", "from attnviz.core.seeded_random import SCHEME"),
        ("core/masks/local.py", "from attnviz.core.masks import Mask"),
        ("core/variant.py", "from attnviz.core.masks import Mask"),
        ("render/figure/png.py", "import matplotlib"),
        ("render/terminal/x.py", "from attnviz.render.safe_text import printable"),
        ("cli/commands/show.py", "from attnviz.api.write import write_file"),
        ("core/seeded_random.py", "import numpy as np"),
        ("core/map_output.py", "if TYPE_CHECKING:\n    from pandas import DataFrame"),
    ],
)
def test_allowed_imports_pass(path, line):
    assert list(violations(path, line)) == []


def test_heavy_libraries_are_imported_where_they_are_used():
    heavy = [
        (path, name)
        for path in FILES
        for name in at_module_level(SOURCES[path])
        if name.startswith(HEAVY)
    ]
    assert heavy == []


def test_files_hold_one_idea():
    assert [path for path in FILES if len(SOURCES[path].splitlines()) > 250] == []
