"""The tour of maps for users of NumPy: every cell runs and returns what its text says."""

import ast
import json

import matplotlib
import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from tests.docs import README

BOOK = README.parent / "tests/docs/numpy_tour.ipynb"


def run_cell(source, names):
    """Run a cell as a notebook does; the value of its last line, if that is an expression."""
    *lines, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], None
    exec(compile(ast.Module(lines, []), str(BOOK), "exec"), names)
    if last is not None:
        return eval(compile(ast.Expression(last.value), str(BOOK), "eval"), names)
    return None


@pytest.fixture(scope="module")
def tour():
    """The values of the cells, by the beginning of their source, and the names of the tour."""
    matplotlib.use("agg")
    names, values = {}, {}
    for cell in json.loads(BOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            values[source] = run_cell(source, names)
            assert cell["outputs"] == []
    yield values, names
    names["plt"].close("all")


def value_of(tour, part):
    (value,) = [value for source, value in tour[0].items() if part in source]
    return value


def test_a_map_is_displayed(tour):
    shown = value_of(tour, 'model="induction")\namap')
    assert isinstance(shown, AttentionMap)
    assert set(shown._repr_mimebundle_()) == {"text/html", "image/png", "text/plain"}


def test_the_first_heads_are_induction_heads(tour):
    links = value_of(tour, "amap.sel(layer=1, query=-1)")
    assert {(link.query_token, link.key_token) for link in links} == {("green", "pap")}
    assert value_of(tour, "heads[[")["pattern"].iloc[0] == "induction"
    assert value_of(tour, 'measure("induction")')[1].min() > 0.4


def test_layer_1_depends_on_layer_0(tour):
    links = value_of(tour, "change.sel(query=-1)")
    assert links[0].weight < -0.4
    assert links[0].key_token == "pap"


def test_figures_are_drawn(tour):
    _, names = tour
    assert names["left"].get_title() == "induction head"
    assert len(names["right"].images) == 1
    assert len(value_of(tour, "paper.get_size_inches")) == 2


def test_arrays_and_files(tour):
    weights = value_of(tour, "attnviz.attend(")
    assert np.array_equal(weights != 0, np.tri(6, dtype=bool) & ~np.tri(6, k=-3, dtype=bool))
    assert value_of(tour, "attnviz.load(") is True


def test_a_misspelt_option_is_refused(tour, capsys):
    (source,) = [source for source in tour[0] if "varient" in source]
    run_cell(source, dict(tour[1]))
    assert "Did you mean 'variant'" in capsys.readouterr().out
