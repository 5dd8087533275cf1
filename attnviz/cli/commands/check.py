"""attnviz check: whether the weights in a file can be attention at all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.options.files import FOREIGN, NAMES
from attnviz.cli.options.spec import takes

ROW_SUMS = ("1", "at most 1", "any")


@takes(FOREIGN, NAMES)
def check(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What to check; - is a pipe.")],
    *,
    causal: Annotated[bool, typer.Option("--causal", help="Nobody may look ahead.")] = False,
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="N", min=1, help="Only keys closer than this."),
    ] = None,
    row_sum: Annotated[
        str | None,
        typer.Option(
            "--row-sum",
            metavar="SUM",
            help="1, 'at most 1' or any. Default: what the file says of itself, else 1.",
        ),
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Weights may be negative.")] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="X",
            min=0.0,
            help="How far a row may sum from 1. Default: as the precision of the numbers allows.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a line for each map.")] = False,
    **options: Any,
) -> int:
    """Find what is wrong with attention: rows that do not sum to 1, a mask that is missing…

    One line for each rule that a head breaks, and status 1; or one line of what is right.
    """
    from attnviz.api.check import check as broken
    from attnviz.api.check import kept
    from attnviz.cli.input.map_files import maps_of
    from attnviz.errors import UnknownNameError
    from attnviz.lookup import unknown
    from attnviz.sources.external.token_argument import naming

    world = ctx.obj
    if row_sum not in (None, *ROW_SUMS):
        raise UnknownNameError(unknown(row_sum, ROW_SUMS, "--row-sum"))
    wrong = False
    for amap in maps_of(world, file, options, naming(**{name: options[name] for name in NAMES})):
        violations, expect = broken(
            amap, causal=causal, window=window, row_sum=row_sum, signed=signed, tolerance=tolerance
        )
        wrong = wrong or bool(violations)
        if json:
            from json import dumps

            told = {"checked": vars(expect), "violations": [vars(v) for v in violations]}
            world.write(dumps(told).encode() + b"\n")
        else:
            lines = [v.sentence for v in violations] or [f"right: {kept(amap, expect)}"]
            world.say("".join(f"{line}\n" for line in lines))
    return int(wrong)
