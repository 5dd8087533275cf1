"""Where maps go: the terminal, a pipe, files. Everything is checked before anything runs."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.cli.environment import World
from attnviz.cli.output.filename_template import NUMBER
from attnviz.cli.output.target import Target
from attnviz.cli.output.terminal_graphics import drawn, protocol
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, MisuseError
from attnviz.render.formats import find_format, format_of
from attnviz.render.style import Style

if TYPE_CHECKING:
    from attnviz.api.captions import Captions


def rendered(
    world: World,
    found: list[Target],
    amap: AttentionMap,
    style: Style,
    query: str | None,
    captions: Captions | None = None,
) -> list[bytes]:
    """A map in the format of each target.

    What is drawn says how it was made; data keep to what the map says of itself.
    """
    full = style
    if any(target.format.drawn for target in found):
        from attnviz.cli.output.style import style_for

        full = style_for(world, style, amap, query, captions)
    return [
        table(world, amap, full, tty=target.path is None)
        if target.format.name == "table"
        else target.format.render(amap, full if target.format.drawn else style)
        for target in found
    ]


def put_each(
    world: World,
    maps: Iterable[AttentionMap],
    options: dict[str, Any],
    captions: Captions | None = None,
) -> None:
    """Every map to every place that the options ask for, one after the other."""
    from attnviz.cli.output.sinks import places_for
    from attnviz.cli.output.style import style_of

    style, found = style_of(world, options), targets(world, options)
    coming = iter(maps)
    first = list(islice(coming, 2))
    if len(first) > 1:
        check_many(found)
    with places_for(world, found, many=len(first) > 1) as places:
        for number, amap in enumerate(chain(first, coming), start=1):
            made = rendered(world, found, amap, style, options.get("query"), captions)
            for place, data in zip(places, made, strict=True):
                place.put(number, amap.meta.get("id"), data)


def targets(world: World, options: dict[str, Any]) -> list[Target]:
    """The places that -o, --format and --json ask for."""
    chosen = options.pop("format")
    if options.pop("json"):
        if chosen not in (None, "json"):
            raise MisuseError(f"--json and --format {chosen}; give one of them")
        chosen = "json"
    row = find_format(chosen) if chosen else None
    paths = options.pop("output") or ["-"]
    found = [
        Target(row or find_format("table"))
        if path == "-"
        else Target(row or format_of(path), path)
        for path in paths
    ]
    for target in found:
        check(world, target)
    return found


def check(world: World, target: Target) -> None:
    """Refuse what cannot be written before anything is computed."""
    if target.path is None:
        if not target.format.text and world.stdout_is_tty:
            name = target.format.name
            raise MisuseError(f"{name} is not for a terminal; write it to a file: -o heads.{name}")
        return
    folder = Path(target.path).parent
    if not folder.is_dir():
        raise CouldNotError(f"cannot write {target.path!r}: there is no folder {str(folder)!r}")


def check_many(found: list[Target]) -> None:
    """Several sentences need a file each, unless the format takes one after another."""
    for target in found:
        if target.format.lines or target.each:
            continue
        name = target.format.name
        path = Path(target.path or f"out.{name}")
        each = path.with_name(f"{path.stem}-{NUMBER}{path.suffix}")
        raise MisuseError(
            f"several sentences, and {name} holds one; write a file each: -o '{each}', "
            "or one document a line: -f jsonl"
        )


def table(world: World, renderable_map: AttentionMap, style: Style, *, tty: bool) -> bytes:
    """A map as text, with the colours and characters (or the pictures) of the terminal."""
    kind = protocol(world, world.graphics) if tty else None
    if kind is not None:
        return drawn(world, find_format("png").render(renderable_map, style), kind)
    if world.graphics == "half":
        style = replace(style, annotate=False)
    return text_of(world, find_format("table").render(renderable_map, style), plain=not tty)


def text_of(world: World, renderable: Any, *, plain: bool = False) -> bytes:
    """What rich makes of a renderable, in the encoding of standard output."""
    text = io.StringIO()
    console = world.console(text)
    if plain:
        console.no_color, console._color_system = True, None
    console.print(renderable, end="", soft_wrap=False)
    shown = text.getvalue().rstrip("\n") + "\n"
    return shown.encode(world.encoding, errors="backslashreplace")
