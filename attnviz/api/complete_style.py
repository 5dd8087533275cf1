"""Display options as a style: checked, and completed with captions, patterns and provenance.

Files that Python writes and those of the command line are completed here; only the command
itself is in the metadata of the latter alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from attnviz.argument_types import abbreviate, require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import find_token
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.lookup import unknown_name_message
from attnviz.render.figure_width import check_width, parse_width
from attnviz.render.style import Style, query_index
from attnviz.render.views import has_many_heads
from attnviz.style_options import (
    RANGES,
    StyleOptions,
    check_frames,
    check_range,
)

if TYPE_CHECKING:
    from attnviz.api.captions import Captions

SIMPLE = {str, int, float, bool}  # types that `require_type` checks
ALIASES = {"cmap": "palette", "figsize": "size", "annot": "annotate", "fmt": "precision"}


def check_style(options: Mapping[str, Any]) -> Style:
    """The style of display options; "query" may be a token, for `complete_style`.

    Raises UnknownParameterError for an unknown option and a value of another type.
    """
    for name in options:
        if name not in StyleOptions.__annotations__:
            near = ALIASES.get(name)
            raise UnknownParameterError(
                f"unknown display option {name!r}. Did you mean {near!r}?"
                if near
                else unknown_name_message(name, StyleOptions.__annotations__, "display option")
            )
    for name, kinds in option_types().items():
        require_type(name, options.get(name), *kinds)
    size = options.get("size")
    if size is not None:
        check_size(size)
    given = {name: value for name, value in options.items() if value is not None}
    for name in RANGES:
        check_range(name, given.get(name))
    check_frames(given.get("frames"))
    if "width" in given:
        width = given["width"]
        is_text = isinstance(width, str)
        given["width"] = parse_width(width) if is_text else check_width(width, f"{width:g}")
    if "highlight" in given:
        given["highlight"] = as_highlights(given["highlight"])
    return Style(**given)


def as_highlights(value: Any) -> tuple[Any, ...]:
    """One or several rows and cells to frame.

    Raises UnknownParameterError for values that are neither texts nor pairs of positions.
    """
    is_single = isinstance(value, str) or (isinstance(value, tuple) and is_cell(value))
    entries = [value] if is_single else value
    if not isinstance(entries, list | tuple):
        raise UnknownParameterError(f"highlight={abbreviate(value)} should be a text, or a list")
    for entry in entries:
        if not (isinstance(entry, str) or (isinstance(entry, tuple) and is_cell(entry))):
            raise UnknownParameterError(
                f'highlight: {abbreviate(entry)} should be a text such as "it,cat", or '
                "(query, key)"
            )
    return tuple(entries)


def is_cell(pair: tuple[Any, ...]) -> bool:
    """Whether this is a position of a query and one of a key, or None for its whole row."""
    return len(pair) == 2 and isinstance(pair[0], int) and isinstance(pair[1], int | None)


@cache
def option_types() -> dict[str, tuple[type, ...]]:
    """The types of each display option whose values are texts, numbers or flags."""
    hints = get_type_hints(StyleOptions).items()
    kinds = {name: {*get_args(hint)} - {type(None)} for name, hint in hints}
    return {name: tuple(kind) for name, kind in kinds.items() if kind <= SIMPLE}


def check_size(size: Any) -> None:
    """Raise UnknownParameterError for anything but two positive numbers of inches."""
    is_pair = isinstance(size, tuple | list) and len(size) == 2
    if not is_pair:
        raise UnknownParameterError(
            f"size={abbreviate(size)} should be (width, height) in inches, such as (8, 6)"
        )
    for side in size:
        require_type("size", side, float)
        if side is None or not 0 < side <= 200:
            raise MisuseError(f"size={abbreviate(size)} should be inches, up to 200 each way")


def complete_style(
    amap: AttentionMap,
    options: Mapping[str, Any] | StyleOptions,
) -> Style:
    """The style of display options for this map, with its captions and provenance."""
    options = dict(options)
    query = options.pop("query", None)
    if query is not None and options.get("view") in (None, "auto"):
        options["view"] = "text"  # of one query
    style = check_style({**options, "query": None if isinstance(query, str) else query})
    return complete(style, amap, query if isinstance(query, str) else None)


def model_defaults(style: Style, amap: AttentionMap) -> Style:
    """The style of a map of all heads of a pretrained model: their patterns, not their values.

    Many heads of several layers are an overview in every output.
    """
    meta = amap.meta
    is_other = amap.names or meta.get("source") == "difference" or style.view != "auto"
    if is_other or "model" not in meta or "reduced_heads" in meta or amap.n_head == 1:
        return style
    if amap.n_head < meta.get("heads", amap.n_head):  # they were selected
        return style
    if has_many_heads(amap) and amap.n_layer > 1:
        return replace(style, view="overview")
    is_annotated = style.annotate or style.precision is not None
    return style if is_annotated else replace(style, annotate=False)


def complete(
    style: Style,
    amap: AttentionMap,
    query: str | None = None,
    captions: Captions | None = None,
    command: str | None = None,
    *,
    has_measures: bool = True,
) -> Style:
    """The style with what depends on the map: captions, patterns, and the index of the query.

    Pages alone need measures of heads.
    """
    from attnviz.api.captions import make_captions, make_row_captions
    from attnviz.api.head_facts import describe_heads, head_measures, pattern_summaries

    style = model_defaults(style, amap)
    facts = describe_heads(amap, has_measures=has_measures)
    if query is not None:
        style = replace(style, query=find_token(query, amap.queries, "query"))
    is_text = style.view == "text"
    completed = replace(
        style,
        row_captions=make_row_captions(amap, query_index(amap, style)) if is_text else {},
        captions=captions(amap, facts.patterns)
        if captions
        else make_captions(amap, facts.patterns, facts.summaries),
        patterns=facts.patterns,
        pattern_summaries=pattern_summaries(facts) if has_measures else {},
        measures=head_measures(amap, facts),
        made_by=provenance(amap, command),
    )
    return completed if style.show_captions else replace(completed, captions={}, row_captions={})


def provenance(amap: AttentionMap, command: str | None = None) -> dict[str, str]:
    """How an artefact was made (versions, command, mechanism), for its metadata."""
    meta = amap.meta
    facts = {"Software": f"attnviz {meta.get('attnviz', '')}".strip()}
    if command is not None:
        facts["Command"] = command
    for name in ("model", "variant", "algebra", "seed"):
        if meta.get(name) is not None:
            facts[name.capitalize()] = str(meta[name])
    return facts
