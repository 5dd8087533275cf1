"""attnviz diff: the difference of two attention files."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.files import FILE_CONTENTS
from attnviz.cli.options.shared import DISPLAY, GENERAL, IN_OUT, REDUCTION, SELECTION
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.core.attention_map import AttentionMap


@with_options(FILE_CONTENTS, IN_OUT, SELECTION, REDUCTION, DISPLAY, GENERAL, without=("input",))
def diff(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Argument(metavar="A", help="Baseline file, or - for standard input.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="New file, or - for standard input.")],
    *,
    max_js: Annotated[
        float | None,
        typer.Option(
            "--max-js",
            metavar="BITS",
            min=0.0,
            max=1.0,
            help="Exit 1 if any head's Jensen–Shannon divergence exceeds BITS (0 to 1).",
        ),
    ] = None,
    **options: Any,
) -> int:
    """Compare two attention files: what each weight gained from A to B.

    Files of several documents are compared pairwise.
    """
    from attnviz.api.diff import diff as compute_difference
    from attnviz.api.diff import make_captions, require_divergence
    from attnviz.cli.environment import BrokenOutputPipe, silence_stdout
    from attnviz.cli.input.map_files import file_ids, read_maps, require_one_pipe
    from attnviz.cli.output.render import write_all

    env = ctx.obj.with_color(options["color"])
    require_one_pipe(before, after)
    names = (PurePath(before).name, PurePath(after).name)
    largest: list[tuple[float, int, str]] = []  # divergence, -number of the map, head
    unequal: list[int] = []  # numbers of maps whose texts differ

    def differences() -> Iterator[AttentionMap]:
        pairs = pair_maps(read_maps(env, before, options), read_maps(env, after, options))
        for number, (first, second) in enumerate(pairs, start=1):
            difference = compute_difference(first, second, names)
            for note in difference.notes:
                env.warn(f"note: {note}")
            if max_js is not None and "dropped" in difference.amap.meta:
                unequal.append(number)
            elif max_js is not None:
                layer, head, divergence = require_divergence(difference)
                largest.append((divergence, -number, f"layer {layer}, head {head}"))
            yield difference.amap

    inputs = file_ids(env, before, after)
    maps = differences()
    try:
        write_all(env, maps, options, make_captions, inputs)
    except BrokenOutputPipe:
        if max_js is None:
            raise
        silence_stdout()
        deque(maps, maxlen=0)  # the exit status is of all maps
    if unequal:
        which = ", ".join(map(str, unequal))
        env.warn(f"FAIL: --max-js compares whole maps; the texts differ (map {which})")
        return 1
    divergence, number, where = max(largest, default=(0.0, 0, ""))
    if max_js is None or divergence <= max_js:
        return 0
    name = f"map {-number}, " if len(largest) > 1 else ""
    env.warn(f"FAIL: {name}{where}: JS {divergence:.4f} bits > --max-js {max_js:g}")
    return 1


def pair_maps(
    before: Iterator[AttentionMap], after: Iterator[AttentionMap]
) -> Iterator[tuple[AttentionMap, AttentionMap]]:
    """The maps of two files in pairs; MisuseError if one file has more than the other."""
    from attnviz.errors import MisuseError

    try:
        yield from zip(before, after, strict=True)
    except ValueError:
        raise MisuseError("one of the files holds more maps than the other") from None
