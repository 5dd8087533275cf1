"""Style of the output: from the display options and the map to what renderers take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attnviz.cli.environment import World
from attnviz.cli.options.parse import dots, precision, size
from attnviz.cli.output.terminal_graphics import protocol
from attnviz.core.attention_map import AttentionMap
from attnviz.render.style import Style

if TYPE_CHECKING:
    from attnviz.api.captions import Captions


def style_of(world: World, options: dict[str, Any]) -> Style:
    """What was wished about the picture, checked before anything runs."""
    world.colored(False)  # refuses a --color that is none
    world.graphics = options["graphics"]
    protocol(world, world.graphics)
    return Style(
        view=options["view"],
        palette=options["palette"],
        precision=precision(options["precision"]),
        title=options["title"],
        annotate=options["annotate"],
        size=size(options.get("size")),
        dpi=dots(options["dpi"]),
        ascii=world.ascii,
    )


def model_view(style: Style, options: dict[str, Any]) -> Style:
    """What suits a real model: all heads at a glance, a layer's side by side, a head's numbers."""
    if style.view != "auto" or not options["model"] or options["head"]:
        return style
    if options["layer"] is None:
        return replace(style, view="overview")
    return replace(style, annotate=bool(style.annotate))


def style_for(
    world: World,
    style: Style,
    amap: AttentionMap,
    query: str | None,
    captions: Captions | None = None,
) -> Style:
    """The same wishes with what only the map can tell: captions, patterns, the query's place."""
    from attnviz.api.captions import captions as plain_captions
    from attnviz.api.captions import patterns
    from attnviz.core.tokens import place

    known = patterns(amap)
    return replace(
        style,
        query=None if query is None else place(query, amap.queries, "query"),
        captions=(captions or plain_captions)(amap, known),
        patterns=known,
        made_by=made_by(world, amap),
    )


def made_by(world: World, amap: AttentionMap) -> dict[str, str]:
    """How an artefact was made, for its metadata."""
    meta = amap.meta
    said = {"Software": f"attnviz {meta.get('attnviz', '')}".strip(), "Command": world.command}
    for name in ("model", "variant", "algebra", "seed"):
        if meta.get(name) is not None:
            said[name.capitalize()] = str(meta[name])
    return said
