"""Every format: bytes for any token, deterministic, without side effects on the map."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from attnviz.errors import MisuseError
from attnviz.render.figure.views import planner_of
from attnviz.render.formats import FORMATS, find_format, format_for_path
from attnviz.render.views import VIEW_NAMES, VIEWS, find_view
from tests.conftest import HOSTILE, make_map

pytestmark = pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")

ROWS = [row for row in FORMATS if find_spec(f"attnviz.render.{row.renderer.partition(':')[0]}")]
MAKES_BYTES = [row for row in ROWS if row.name != "table"]


def test_there_are_formats_to_walk():
    assert {"png", "svg", "pdf", "json", "jsonl", "csv", "tsv", "npz", "safetensors"} <= {
        row.name for row in ROWS
    }


# Five tokens per image: drawing the axes takes most of the time.
IMAGES = [row.name for row in ROWS if row.kind == "figure"]
TOKENS = [
    pytest.param(row, HOSTILE[i : i + n], id=f"{row.name}-{HOSTILE[i]!a}")
    for row in MAKES_BYTES
    for n in [5 if row.name in IMAGES else 1]
    for i in range(0, len(HOSTILE), n)
]


@pytest.mark.parametrize(("row", "tokens"), TOKENS)
def test_any_token_can_be_written(row, tokens):
    text = " ".join(tokens)
    amap = make_map([*tokens, "b"], [*tokens, "b", tokens[0]], text=text, context=text)
    data = row.render(amap)
    assert isinstance(data, bytes)
    assert data


@pytest.mark.parametrize("row", MAKES_BYTES, ids=lambda row: row.name)
def test_the_same_map_gives_the_same_bytes(row):
    assert row.render(make_map(HOSTILE[:5])) == row.render(make_map(HOSTILE[:5]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_map_is_not_modified(row):
    amap = make_map(visible=np.ones((3, 3), dtype=bool), meta={"seed": 1})
    row.render(amap)
    assert np.array_equal(amap.weights, make_map().weights)
    assert dict(amap.meta) == {"seed": 1}


@pytest.mark.parametrize("row", MAKES_BYTES, ids=lambda row: row.name)
def test_text_formats_are_utf8(row):
    if row.is_text:
        row.render(make_map(HOSTILE[:5])).decode("utf-8")
    else:
        with pytest.raises(UnicodeDecodeError):
            row.render(make_map()).decode("utf-8")


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_a_row_is_found_by_its_name_and_its_extensions(row):
    assert find_format(row.name) is row
    assert [format_for_path(f"a{ending.upper()}") for ending in row.suffixes] == [row] * len(
        row.suffixes
    )


def test_an_unknown_extension_is_refused():
    with pytest.raises(MisuseError, match=r"'\.exe'"):
        format_for_path("a.exe")


@pytest.mark.parametrize("view", VIEW_NAMES)
def test_every_view_has_its_own_renderers(view):
    row = find_view(view)
    others = [other for other in VIEWS if other is not row]
    if row.terminal:
        module = import_module(f"attnviz.render.terminal.{row.terminal}")
        assert callable(module.render_lines) and callable(module.natural_width)
        assert row.terminal not in {other.terminal for other in others}
    assert callable(planner_of(row))
    assert row.figure not in {other.figure for other in others}


def test_auto_is_the_only_view_without_renderers():
    assert [row.name for row in VIEWS if not row.figure] == ["auto"]
    assert [row.name for row in VIEWS if not row.terminal] == ["auto", "arcs"]
    assert set(VIEW_NAMES) == {row.name for row in VIEWS} - {"auto"}
