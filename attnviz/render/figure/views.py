"""Views as figures: the function that plans a view of a map."""

from __future__ import annotations

from importlib import import_module

from attnviz.core.attention_map import AttentionMap
from attnviz.render.figure.presentation import Planner
from attnviz.render.style import Style
from attnviz.render.views import View, find_view, has_many_heads


def choose_view(amap: AttentionMap, style: Style) -> View:
    """The requested view; "auto" is the overview for many heads of several layers.

    Raises UnknownNameError for a view that does not exist.
    """
    if chooses_overview(amap, style):
        return find_view("overview")
    view = find_view(style.view)
    return view if view.figure else find_view("matrix")


def chooses_overview(amap: AttentionMap, style: Style) -> bool:
    """Whether the view is "auto" and that is the overview: for many heads of several layers.

    Any number of heads of one layer fits on a figure, but not on a terminal.
    """
    return not find_view(style.view).figure and amap.n_layer > 1 and has_many_heads(amap)


def planner_of(view: View) -> Planner:
    """The function that plans a figure of this view; modules of other views are not imported."""
    module, function = view.figure.split(":")
    planner: Planner = getattr(import_module(f"attnviz.render.figure.{module}"), function)
    return planner
