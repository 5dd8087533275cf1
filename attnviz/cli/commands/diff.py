"""attnviz diff: the difference of two attention files."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.diff import LIMITS
from attnviz.cli.options.files import FILE_CONTENTS, FILE_TOKENS
from attnviz.cli.options.shared import DISPLAY, GENERAL, IN_OUT, REDUCTION, SELECTION
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.core.attention_map import AttentionMap
    from attnviz.measures.tolerance import Excess

MAX_LINES = 20  # about limits that are exceeded, the worst first


@with_options(
    LIMITS, FILE_CONTENTS, FILE_TOKENS, IN_OUT, SELECTION, REDUCTION, DISPLAY, GENERAL,
    without=("input",),
)  # fmt: skip
def diff(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Argument(metavar="A", help="Baseline file, or - for standard input.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="New file, or - for standard input.")],
    **options: Any,
) -> int:
    """Compare two attention files: what each weight gained from A to B.

    Files of several documents are compared pairwise. Exit status 4 if a limit is exceeded.
    """
    from attnviz.api.diff import describe_excess, make_captions
    from attnviz.api.diff import diff as compute_difference
    from attnviz.cli.environment import BrokenOutputPipe, silence_stdout
    from attnviz.cli.input.map_files import file_ids, read_maps, require_one_pipe, zip_maps
    from attnviz.cli.output.render import write_all
    from attnviz.errors import NOT_PASSED, MisuseError
    from attnviz.sources.external.token_argument import parse_token_arguments

    env = ctx.obj.with_color(options["color"])
    require_one_pipe(before, after)
    limits = {name: options[name] for name in LIMITS if name != "quiet"}
    has_limits = any(value is not None for value in limits.values())
    if options["quiet"] and not has_limits:
        raise MisuseError("--quiet needs a limit, e.g. --max-row-js 0.01 or --atol 1e-4")
    if options["quiet"] and not options["output"] and (options["json"] or options["format"]):
        raise MisuseError("--quiet prints no difference; leave out --json and --format")
    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    names = (PurePath(before).name, PurePath(after).name)
    numbers: list[int] = []
    excesses: list[tuple[int, Excess, str]] = []

    def differences() -> Iterator[AttentionMap]:
        sides = (read_maps(env, file, options, tokens) for file in (before, after))
        for number, (first, second) in enumerate(zip_maps(*sides), start=1):
            difference = compute_difference(first, second, names, **limits)
            for note in difference.notes:
                env.warn(f"note: {note}")
            numbers.append(number)
            for excess in difference.excesses:
                excesses.append((number, excess, describe_excess(excess, difference.amap)))
            yield difference.amap

    maps = differences()
    try:
        if options["quiet"] and not options["output"]:
            deque(maps, maxlen=0)
        else:
            write_all(env, maps, options, make_captions, file_ids(env, before, after))
    except BrokenOutputPipe:
        if not has_limits:
            raise
        silence_stdout()
        deque(maps, maxlen=0)  # the exit status is of all maps
    excesses.sort(key=lambda row: row[1].limit - row[1].value)
    for number, _, sentence in excesses[:MAX_LINES]:
        env.warn(f"FAIL: {f'map {number}, ' if len(numbers) > 1 else ''}{sentence}")
    if len(excesses) > MAX_LINES:
        env.warn(f"FAIL: {len(excesses) - MAX_LINES:,} more, in {len(numbers):,} maps")
    return NOT_PASSED if excesses else 0
