"""Style of the output: from the display options and the map to what renderers take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attnviz.cli.environment import Environment
from attnviz.cli.options.effects import has_one_layer
from attnviz.cli.options.parse import check_dpi, check_precision, parse_size
from attnviz.core.attention_map import AttentionMap
from attnviz.render.style import Style, query_index

if TYPE_CHECKING:
    from attnviz.api.captions import Captions


def parse_style(env: Environment, options: Mapping[str, Any]) -> Style:
    """The style that the display options ask for; MisuseError for values out of range."""
    return Style(
        view=options["view"],
        palette=options["palette"],
        vmin=options.get("vmin"),
        vmax=options.get("vmax"),
        robust=bool(options.get("robust")),
        norm=options.get("norm"),
        precision=check_precision(options["precision"]),
        title=options["title"],
        annotate=options.get("annotate"),
        size=parse_size(options.get("size")),
        dpi=check_dpi(options["dpi"]),
        ascii=env.ascii,
    )


def apply_model_defaults(style: Style, options: Mapping[str, Any]) -> Style:
    """Defaults for pretrained models: overview, or one layer's heads without values."""
    if style.view != "auto" or not options["model"] or options["head"]:
        return style
    if not has_one_layer(options):
        return replace(style, view="overview")
    if style.precision is not None:  # a number of decimals requests the values
        return style
    return replace(style, annotate=bool(style.annotate))


def complete_style(
    env: Environment,
    style: Style,
    amap: AttentionMap,
    query: str | None,
    captions: Captions | None = None,
) -> Style:
    """The style with what depends on the map: captions, patterns, and the index of the query."""
    from attnviz.api.captions import make_captions, make_row_captions
    from attnviz.api.head_facts import describe_heads, head_measures
    from attnviz.core.tokens import find_token

    facts = describe_heads(amap)
    if query is not None:
        style = replace(style, query=find_token(query, amap.queries, "query"))
    is_text = style.view == "text"
    return replace(
        style,
        row_captions=make_row_captions(amap, query_index(amap, style)) if is_text else {},
        captions=captions(amap, facts.patterns)
        if captions
        else make_captions(amap, facts.patterns, facts.summaries),
        patterns=facts.patterns,
        measures=head_measures(amap, facts),
        made_by=provenance(env, amap),
    )


def provenance(env: Environment, amap: AttentionMap) -> dict[str, str]:
    """How an artefact was made (versions, command, mechanism), for its metadata."""
    meta = amap.meta
    facts = {"Software": f"attnviz {meta.get('attnviz', '')}".strip(), "Command": env.command}
    for name in ("model", "variant", "algebra", "seed"):
        if meta.get(name) is not None:
            facts[name.capitalize()] = str(meta[name])
    return facts
