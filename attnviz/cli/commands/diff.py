"""attnviz diff: what changed between two files of attention."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.files import FOREIGN
from attnviz.cli.options.shared import COLOR, STYLE, WHERE
from attnviz.cli.options.spec import takes

if TYPE_CHECKING:
    from attnviz.core.attention_map import AttentionMap


@takes(FOREIGN, WHERE, STYLE, COLOR, without=("input",))
def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="The file before; - is a pipe.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The file after.")],
    *,
    max_js: Annotated[
        float | None,
        typer.Option(
            "--max-js",
            metavar="BITS",
            min=0.0,
            max=1.0,
            help="End with status 1 where a head changed by more than this (Jensen–Shannon).",
        ),
    ] = None,
    **options: Any,
) -> int:
    """Show what each weight gained from A to B, and how much each head changed.

    Files of several documents are compared one by one.
    """
    from attnviz.api.diff import captions, require_known
    from attnviz.api.diff import diff as compared
    from attnviz.cli.input.map_files import maps_of, one_pipe
    from attnviz.cli.output.render import put_each

    world = ctx.obj
    world.color = options["color"]
    one_pipe(before, after)
    names = (PurePath(before).name, PurePath(after).name)
    worst: list[tuple[float, int, str]] = []

    def differences() -> Iterator[AttentionMap]:
        pairs = in_step(maps_of(world, before, options), maps_of(world, after, options))
        for number, (first, second) in enumerate(pairs, start=1):
            found = compared(first, second, names)
            for note in found.notes:
                world.note(f"note: {note}")
            if max_js is not None:
                layer, head, apart = require_known(found)
                worst.append((apart, -number, f"layer {layer}, head {head}"))
            yield found.amap

    put_each(world, differences(), options, captions)
    apart, number, where = max(worst, default=(0.0, 0, ""))
    if max_js is None or apart <= max_js:
        return 0
    of = f"map {-number}, " if len(worst) > 1 else ""
    world.note(f"{of}{where} changed most, by {apart:.4f} bits; --max-js allows {max_js:g}")
    return 1


def in_step(
    before: Iterator[AttentionMap], after: Iterator[AttentionMap]
) -> Iterator[tuple[AttentionMap, AttentionMap]]:
    """The maps of two files in pairs; both have to have as many."""
    from attnviz.errors import MisuseError

    try:
        yield from zip(before, after, strict=True)
    except ValueError:
        raise MisuseError("one of the files holds more maps than the other") from None
