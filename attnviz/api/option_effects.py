"""Display options act where a map is shown or written, or the message states where they do.

The command line refuses the options that were typed by the same table (`cli/options/effects.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from attnviz.api.complete_style import check_style
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.render.formats import FORMATS
from attnviz.render.output_format import Format
from attnviz.render.style import Style
from attnviz.render.views import VIEWS, find_view
from attnviz.style_options import ACTS_IN, ANIMATED, StyleOptions

AUTO = frozenset(("matrix", "overview"))  # the views that "auto" may choose


def refuse_without_effect(options: Mapping[str, Any] | StyleOptions, file_format: Format) -> None:
    """Raise MisuseError for a display option that does not act in this format and view."""
    given = {**options, "query": None}
    style, default = check_style(given), Style()
    is_query = options.get("query") is not None
    view = find_view(requested_view(options)).name
    views = AUTO if view == "auto" else frozenset((view,))
    for name in StyleOptions.__annotations__:
        if is_query if name == "query" else getattr(style, name) != getattr(default, name):
            refuse_option(name, views, file_format)
    if style.math and style.title is None:
        raise MisuseError("math has no effect without a title")


def refuse_options_of_files(options: Mapping[str, Any] | StyleOptions) -> None:
    """Raise MisuseError for a display option that acts on files of pictures, not on a Figure."""
    style, default = check_style({**options, "query": None}), Style()
    for name in ("zoom", "show_metadata"):
        if getattr(style, name) != getattr(default, name):
            raise MisuseError(f"{name} has no effect on a Figure; it acts on files: attnviz.write")


def refuse_option(name: str, views: frozenset[str], file_format: Format) -> None:
    """Raise MisuseError for an option that does not act in any of these views of a format."""
    kinds = view_kinds() if name == "view" else ACTS_IN[name]
    rows = [row for row in FORMATS if row.kind in kinds and acts_in(name, row)]
    if file_format not in rows:
        raise MisuseError(f"{name} has no effect on {file_format.name}{places(rows)}")
    acting = kinds[file_format.kind].split()
    if not acting or views.intersection(acting):
        return
    shown, others = " or ".join(sorted(views)), ", ".join(acting)
    where = file_format.name
    raise MisuseError(
        f"view has no effect on {where}: it has no {shown} view; its views are {others}"
        if name == "view"
        else f"{name} has no effect in the {shown} view of {where}; it acts in: {others}"
    )


def view_kinds() -> dict[str, str]:
    """The views of each kind of output that has several."""
    return {
        kind: " ".join(view.name for view in VIEWS if view.name == "auto" or getattr(view, kind))
        for kind in ("terminal", "figure", "page")
    }


def places(rows: list[Format]) -> str:
    """The formats in which an option acts, as the end of a message."""
    names = ", ".join(row.name for row in rows if row.kind != "terminal")
    has_table = any(row.kind == "terminal" for row in rows)
    if not names:
        return ": it acts on tables in the terminal"
    return f"; it acts on {names}{' and tables in the terminal' * has_table}"


def acts_in(name: str, file_format: Format) -> bool:
    """Whether an option that acts in formats of this kind acts in this one."""
    return not name.startswith("frame") or file_format.name in ANIMATED


def requested_view(options: Mapping[str, Any] | StyleOptions) -> str:
    """The view that display options request; a query requests the text view."""
    view = options.get("view") or "auto"
    return "text" if view == "auto" and options.get("query") is not None else view


def warn_without_panels(
    amap: AttentionMap, style: Style, file_format: Format, requested_view: str
) -> None:
    """Warn of options of panels where "auto" chooses the overview, which has none."""
    if file_format.kind not in ("terminal", "figure") or requested_view != "auto":
        return
    given = {"--precision": style.precision is not None, "--annotate": style.annotate is True}
    if file_format.kind == "figure":
        given |= {"--highlight": bool(style.highlight), "--columns": style.columns is not None}
    given["--no-caption"] = not style.show_captions
    flags = [flag for flag, is_given in given.items() if is_given]
    if not flags:
        return
    if file_format.kind == "terminal":
        from attnviz.render.terminal.views import chooses_overview
    else:
        from attnviz.render.figure.views import chooses_overview
    if style.view == "overview" or chooses_overview(amap, style):
        message = (
            f"{' and '.join(flags)}: no effect in the overview of {amap.n_layer * amap.n_head} "
            f"heads ({file_format.name}); add --view 'matrix'"
        )
        warnings.warn(message, AttnvizWarning, stacklevel=3)
