"""A comparison has two scales: weights are sequential without "+", differences signed."""

import re

import numpy as np
import pytest

import attnviz
import attnviz.api.diff
from attnviz.core.comparison import compared_heads
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.overview_grid import OverviewGrid
from attnviz.render.head_scales import HeadScales
from attnviz.render.page.data_island import page_data
from attnviz.render.page.split_comparison import split_maps
from attnviz.render.row_remainder import Remainder
from attnviz.render.style import Style
from attnviz.render.views import VIEW_NAMES, VIEWS
from tests.cli.runner import run

TEXT = "The cat sat on the mat"
WORDS = ("compare", TEXT, "-v", "scaled-dot", "-v", "causal")


def comparison(*variants, **options):
    """A comparison of mechanisms."""
    return attnviz.compare(TEXT, variants=variants, **options)


@pytest.mark.parametrize(
    ("palette", "weights", "differences"),
    [(None, "viridis", "RdBu"), ("magma", "magma", "RdBu"), ("coolwarm", "viridis", "coolwarm")],
)
def test_weights_are_sequential_and_differences_diverging(palette, weights, differences):
    amap = comparison("scaled-dot", "causal")
    scales = HeadScales.of(amap, palette)
    assert scales.weights.palette.name == weights and scales.weights.low == 0
    assert scales.differences.palette.name == differences and scales.differences.is_centered
    changes = [head.kind == "difference" for head in compared_heads(amap)]
    assert [scales.of_head(j) is scales.differences for j in range(amap.n_head)] == changes
    assert scales.weights.high == amap.weights[:, np.logical_not(changes)].max()
    assert scales.differences.high == np.abs(amap.weights[:, changes]).max()


def test_only_the_map_of_differences_is_signed():
    maps = split_maps(comparison("scaled-dot", "causal"))
    assert [amap.meta["signed"] for amap in maps] == [False, False, True]


def test_weights_below_zero_keep_a_diverging_scale():
    scales = HeadScales.of(comparison("differential", "multihead", heads=4), None)
    assert scales.weights.is_signed and scales.weights.palette.is_diverging


def test_other_maps_have_one_scale():
    amap = attnviz.look(TEXT)
    assert list(HeadScales.of(amap, None).by_name) == ["weight"]
    only = comparison("scaled-dot", "causal").select(heads=[2])  # a difference alone
    assert list(HeadScales.of(only, None).by_name) == ["difference"]
    assert HeadScales.of(only, None).weights.is_centered


@pytest.mark.parametrize("view", [row.name for row in VIEWS if row.terminal])
def test_tables_have_signs_in_differences_only(view):
    made = run(*WORDS, "--view", view)
    assert made.status == 0, made.err
    plain, change = made.out.split("causal − scaled-dot")[0], made.out
    assert not re.search(r"[+-]\d\.", plain)
    assert "weight scale 0" in change and "difference scale -0." in change
    if view == "matrix":
        assert re.search(r"\+0\.\d\d", made.out) and "-0.00" not in made.out


def test_rows_that_sum_to_1_have_no_column_of_sums():
    assert Remainder.of(comparison("scaled-dot", "causal")) is None
    gates = Remainder.of(comparison("sigmoid", "scaled-dot"))
    assert gates.mark == "Σ"
    assert np.allclose(gates.values[:, 2], gates.values[:, 1] - gates.values[:, 0])


def test_numbers_of_figures_have_signs_in_differences_only():
    drawable = Drawable.of(comparison("scaled-dot", "causal"), Style())
    assert drawable.of_head((0, 0)).format_weight(0.25) == "0.25"
    assert drawable.of_head((0, 2)).format_weight(0.25) == "+0.25"


@pytest.mark.parametrize("view", [name for name in VIEW_NAMES if name not in ("auto", "rows")])
def test_figures_have_a_bar_per_scale(view, tmp_path):
    out = tmp_path / "scales.svg"
    assert run(*WORDS, "--view", view, "-o", str(out)).status == 0
    text = out.read_text()
    assert ">weight<" in text and ">difference<" in text


def test_the_page_has_a_scale_for_weights_and_one_for_differences():
    island = page_data(split_maps(comparison("scaled-dot", "causal")), Style())
    assert island["start"]["palette"] == "Blues"
    assert island["defaults"] == {"signed": "RdBu", "plain": "Blues"}
    maps = list(island["maps"])
    signed = [one["signed"] for one in maps]
    largest = [one["largest"] for one in maps]
    assert signed == [False, False, True] and largest[0] == largest[1] != largest[2]
    alone = page_data([attnviz.look(TEXT)], Style())
    assert alone["defaults"]["plain"] is None and "RdBu" in alone["diverging"]
    two = page_data(split_maps(attnviz.compare("a b", other_text="a c")), Style())
    assert two["title"] == "a b vs. a c"


def test_the_overview_of_a_comparison_has_rows_of_maps():
    amap = comparison("multihead", "multihead:normalize=hard", layers=2, select_heads=[1, 3])
    grid = OverviewGrid.of(amap)
    names = ["multihead", "multihead:normalize=hard", "multihead:normalize=hard − multihead"]
    assert list(grid.rows) == [f"{name} · {layer}" for name in names for layer in (0, 1)]
    assert grid.columns == ("1", "3") and len(set(grid.cells.values())) == 12
    for (layer, head), (row, column) in grid.cells.items():
        entry = compared_heads(amap)[head]
        assert grid.rows[row] == f"{entry.name} · {layer}"
        assert grid.columns[column] == str(entry.head)
    plain = OverviewGrid.of(attnviz.look(TEXT, layers=2))
    assert (plain.rows, plain.columns) == (("0", "1"), ("0", "1", "2", "3"))


def test_a_difference_of_files_is_scaled_and_titled_as_one():
    one, other = attnviz.look(TEXT), attnviz.look(TEXT, temperature=0.5)
    change = attnviz.api.diff.diff(one, other).amap
    assert list(HeadScales.of(change, None).by_name) == ["difference"]
    assert Remainder.of(change) is None  # its rows sum to 0
    gates = attnviz.look(TEXT, variant="sigmoid")
    sums = Remainder.of(attnviz.api.diff.diff(attnviz.look(TEXT, heads=1), gates).amap)
    assert sums.mark == "Σ"
