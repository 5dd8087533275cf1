"""Render maps into targets: the terminal, a pipe, files. Targets are checked before any run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.api.blas_threads import use_threads
from attnviz.cli.environment import Environment, FileId, stream_id
from attnviz.cli.options.formats import choose_formats
from attnviz.cli.output.filename_template import NUMBER
from attnviz.cli.output.target import (
    StyledMap,
    Target,
    join_targets,
    option_files,
    require_distinct_files,
)
from attnviz.cli.output.terminal_graphics import choose_protocol, encode_image
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, MisuseError
from attnviz.render.formats import find_format
from attnviz.render.style import Style

if TYPE_CHECKING:
    from attnviz.api.captions import Captions


def render_map(
    env: Environment,
    targets: list[Target],
    amap: AttentionMap,
    style: Style,
    query: str | None,
    captions: Captions | None = None,
) -> list[Any]:
    """A map in the format of each target: bytes, or chunks of them; see `render_target`.

    Visual formats get captions and provenance; data formats get the map's own metadata only.
    """
    from attnviz.api.writer_memory import check_writer_memory

    for target in targets:
        check_writer_memory(amap, target.format)
    visual_style = style
    if any(target.format.is_visual for target in targets):
        from attnviz.cli.output.style import complete_style

        has_page = any(target.format.kind == "page" for target in targets)
        visual_style = complete_style(env, style, amap, query, captions, has_measures=has_page)
    from attnviz.api.option_effects import warn_without_panels

    for target in targets:
        warn_without_panels(amap, visual_style, target.format, style.view)
    return [
        render_target(env, amap, visual_style if target.format.is_visual else style, target)
        for target in targets
    ]


def render_target(env: Environment, amap: AttentionMap, style: Style, target: Target) -> Any:
    """A map in the format of a target; for a file that joins several, the map and its style."""
    if target.is_joined:
        return StyledMap(amap, style)
    if target.format.name == "table":
        return render_table(env, amap, style, target)
    return target.format.chunks(amap, without_id(style, target))


def without_id(style: Style, target: Target) -> Style:
    """The style for a target: a file that holds one text needs no id."""
    return replace(style, row_id=None) if target.is_file_per_map else style


@use_threads()
def write_all(
    env: Environment,
    maps: Iterable[AttentionMap],
    options: Mapping[str, Any],
    captions: Captions | None = None,
    inputs: frozenset[FileId] = frozenset(),
    source_name: str = "",
) -> None:
    """Write every map to every target of the options, one map after the other.

    `inputs` are the files that the maps are read from; none of them may be a target;
    `source_name` is the name of the one file that all are read from.
    """
    from attnviz.cli.output.map_writers import open_writers
    from attnviz.cli.output.style import parse_style

    style = replace(parse_style(env, options), source_name=source_name)
    targets = parse_targets(env, options)
    require_distinct_files(targets, inputs, stream_id(env.stdout))
    if options.get("shared_scale"):
        from attnviz.render.shared_scale import ScaleEnds, share_scale

        maps = list(maps)
        style = share_scale(style, (ScaleEnds.of(amap, style) for amap in maps))
    remaining = iter(maps)
    first = list(islice(remaining, 2))
    if len(first) > 1:
        require_multiple_maps(targets)
        targets = join_targets(targets)
        style = replace(style, names_text=True)
    with open_writers(env, targets, many=len(first) > 1, inputs=inputs) as writers:
        for number, amap in enumerate(chain(first, remaining), start=1):
            if style.names_text:
                style = replace(style, row_id=str(amap.meta.get("id", number)))
            outputs = render_map(env, targets, amap, style, options.get("query"), captions)
            for writer, data in zip(writers, outputs, strict=True):
                writer.write(number, amap.meta.get("id"), data)
        for writer in writers:
            writer.commit()


def parse_targets(env: Environment, options: Mapping[str, Any]) -> list[Target]:
    """The targets of --output, --format, --json and --graphics, checked.

    Raises MisuseError for one that is also a file of another option.
    """
    graphics = options["graphics"]
    choose_protocol(env, graphics)  # raises for an unknown one before anything runs
    targets = [Target(row, path, graphics) for path, row in choose_formats(options)]
    for target in targets:
        check_target(env, target)
    require_distinct_files(targets, option_files(options))
    return targets


def check_target(env: Environment, target: Target) -> None:
    """Raise MisuseError or CouldNotError for a target that cannot be written."""
    if target.path is None:
        if not target.format.is_text and env.stdout_is_tty:
            name = target.format.name
            raise MisuseError(
                f"{name} is binary, not for a terminal; write it to a file: -o heads.{name}"
            )
        return
    folder = Path(target.path).parent
    if not folder.is_dir():
        raise CouldNotError(f"cannot write {target.path!r}: there is no folder {str(folder)!r}")


def require_multiple_maps(targets: list[Target]) -> None:
    """Raise MisuseError for a target that can hold one map only."""
    for target in targets:
        format = target.format
        is_file_of_ids = format.has_ids and (format.is_text or target.path is not None)
        joins = format.joiner and target.path is not None
        if format.holds_many or is_file_of_ids or target.is_file_per_map or joins:
            continue
        name = target.format.name
        path = Path(target.path or f"out.{name}")
        template = path.with_name(f"{path.stem}-{NUMBER}{path.suffix}")
        raise MisuseError(
            f"several sentences, but a {name} file holds one; write one file per sentence: "
            f"-o '{template}', or one document per line: -f jsonl"
        )


def render_table(env: Environment, amap: AttentionMap, style: Style, target: Target) -> bytes:
    """A map as text in the terminal's colors and characters, or as terminal graphics."""
    is_stdout = target.path is None
    protocol = choose_protocol(env, target.graphics) if is_stdout else None
    if protocol is not None:
        return encode_image(env, find_format("png").render(amap, style), protocol)
    if target.graphics == "half":
        style = replace(style, annotate=False)
    return render_text(env, find_format("table").render(amap, style), plain=not is_stdout)


def render_text(env: Environment, renderable: Any, *, plain: bool = False) -> bytes:
    """A rich renderable as text in the encoding of standard output; `plain`: without color."""
    buffer = io.StringIO()
    console = env.console(buffer)
    if plain:
        console.no_color, console._color_system = True, None
    console.print(renderable, end="", soft_wrap=False)
    text = buffer.getvalue().rstrip("\n") + "\n"
    return text.encode(env.encoding, errors="backslashreplace")
