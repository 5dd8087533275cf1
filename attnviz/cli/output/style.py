"""Style of the output: from the display options and the map to what renderers take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attnviz.cli.environment import Environment
from attnviz.cli.options.parse import parse_size
from attnviz.core.attention_map import AttentionMap
from attnviz.render.figure_width import parse_width
from attnviz.render.style import Style
from attnviz.style_options import check_frames, check_range

if TYPE_CHECKING:
    from attnviz.api.captions import Captions


HIDDEN = {  # --no-…: show_…
    "title": "title",
    "caption": "captions",
    "colorbar": "colorbar",
    "metadata": "metadata",
}


def parse_style(env: Environment, options: Mapping[str, Any]) -> Style:
    """The style that the display options ask for; MisuseError for values out of range."""
    return Style(
        view=options["view"],
        palette=options["palette"],
        vmin=options.get("vmin"),
        vmax=options.get("vmax"),
        robust=bool(options.get("robust")),
        norm=options.get("norm"),
        **parse_picture_style(options),
        precision=check_range("precision", options["precision"]),
        title=options["title"],
        annotate=options.get("annotate"),
        size=parse_size(options.get("size")),
        width=None if options.get("width") is None else parse_width(options["width"]),
        dpi=check_range("dpi", options["dpi"]),
        ascii=env.ascii,
    )


def parse_picture_style(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of pictures as fields of the style; MisuseError for values out of range."""
    shown = {f"show_{what}": not options.get(f"no_{name}") for name, what in HIDDEN.items()}
    same = ("percent", "math", "dark", "transparent")
    return {
        **shown,
        **{name: bool(options.get(name)) for name in same},
        "highlight": tuple(options.get("highlight") or ()),
        "font": options.get("font"),
        "columns": check_range("columns", options.get("columns")),
        "font_size": check_range("font_size", options.get("font_size")),
        "zoom": check_range("zoom", options.get("zoom", 1.0)),
        "frames": check_frames(options.get("frames")),
        "frame_time": check_range("frame_time", options.get("frame_time", 0.9)),
    }


def complete_style(
    env: Environment,
    style: Style,
    amap: AttentionMap,
    query: str | None,
    captions: Captions | None = None,
    *,
    has_measures: bool = True,
) -> Style:
    """The style with what depends on the map, and this command in its provenance."""
    from attnviz.api.complete_style import complete

    return complete(style, amap, query, captions, env.command, has_measures=has_measures)
