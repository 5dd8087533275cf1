"""Views: the ways to show a map, and what renders each in the terminal, as figure and as page."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.record import Record
from attnviz.render.style import Style
from attnviz.style_options import SCALED


class View(Record):
    """A row of the table of views.

    `terminal` names a module of render/terminal, `figure` a module and function of
    render/figure, `page` the tab of the HTML page; each is empty where it has no such view.
    `palette` is the default palette of the figure. "auto" has no renderer: each output chooses
    another view by the number of layers and heads.
    """

    name: str
    summary: str
    terminal: str = ""
    figure: str = ""
    page: str = ""
    palette: str | None = None


VIEWS = (
    View("auto", "matrix, or overview if there are many heads"),
    View(
        "matrix",
        "one heatmap per head, with values where they are readable",
        terminal="numbers",
        figure="matrix:plan_matrix_view",
        page="matrix",
    ),
    View(
        "overview",
        "one thumbnail per head in a grid of layers × heads",
        terminal="overview",
        figure="overview:plan_overview",
        page="overview",
    ),
    View(
        "lines",
        "lines from queries to keys, for the strongest weights",
        terminal="lines",
        figure="lines:plan_lines_view",
        page="lines",
        palette="Blues",
    ),
    View(
        "arcs",
        "the sentence on a line, arcs from queries to keys",
        figure="arcs:plan_arcs_view",
        palette="Blues",
    ),
    View(
        "text",
        "the text, each key colored by its weight for one query",
        terminal="text",
        figure="text:plan_text_view",
        page="text",
        palette="Blues",
    ),
    View(
        "rows",
        "one row of bars per query",
        terminal="rows",
        figure="rows:plan_rows_view",
    ),
)
SCALED_VIEWS = tuple(SCALED.split())
MAX_HEADS = 16  # of all layers; more are an overview
VIEW_NAMES = tuple(view.name for view in VIEWS if view.name != "auto")


def require_scaled_view(name: str, style: Style) -> None:
    """Raise MisuseError for limits or a norm of the color scale in a view of bars or lines."""
    limits = {"--vmin": style.vmin, "--vmax": style.vmax}
    given = [flag for flag, limit in limits.items() if limit is not None]
    given += ["--robust"] * style.robust + ["--norm"] * (style.norm is not None)
    flags = " and ".join(given)
    if flags and name not in (*SCALED_VIEWS, "auto"):
        has = "have" if " and " in flags else "has"
        scaled = ", ".join(SCALED_VIEWS)
        raise MisuseError(f"{flags} {has} no effect in the {name} view; views: {scaled}")


def has_many_heads(amap: AttentionMap) -> bool:
    """Whether the view "auto" is the overview, which shows no tokens."""
    return amap.n_layer * amap.n_head > MAX_HEADS


def find_view(name: str) -> View:
    """The view of this name; UnknownNameError suggests similar names."""
    return find_by_name(VIEWS, name, "view")
