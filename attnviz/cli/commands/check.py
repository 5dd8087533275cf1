"""attnviz check: whether the weights in a file are valid attention."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.options.files import FILE_CONTENTS, FILE_TOKENS
from attnviz.cli.options.spec import with_options

ROW_SUM_CHOICES = ("1", "at most 1", "any")


@with_options(FILE_CONTENTS, FILE_TOKENS)
def check(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Input file, or - for standard input.")
    ],
    *,
    causal: Annotated[bool, typer.Option("--causal", help="Require causal attention.")] = False,
    window: Annotated[
        int | None,
        typer.Option(
            "--window", metavar="N", min=1, help="Require |query - key| < N (at least 1)."
        ),
    ] = None,
    row_sum: Annotated[
        str | None,
        typer.Option(
            "--row-sum",
            metavar="SUM",
            help="Expected row sum: 1, 'at most 1' or any.",
            show_default="from the file, else 1",
        ),
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Allow negative weights.")] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="X",
            min=0.0,
            help="Tolerance of row sums.",
            show_default="by the precision of the weights",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="JSON Lines output, one document per map.")
    ] = False,
    **options: Any,
) -> int:
    """Validate attention: row sums, masking, padding.

    Prints one line per violation and exits 1, or one line if everything passes.
    """
    from attnviz.api.check import check as find_violations
    from attnviz.api.check import describe_passed
    from attnviz.cli.environment import BrokenOutputPipe, silence_stdout
    from attnviz.cli.input.map_files import read_maps
    from attnviz.errors import UnknownNameError
    from attnviz.lookup import unknown_name_message
    from attnviz.sources.external.token_argument import parse_token_arguments

    env, is_read = ctx.obj, True
    if row_sum not in (None, *ROW_SUM_CHOICES):
        raise UnknownNameError(unknown_name_message(row_sum, ROW_SUM_CHOICES, "--row-sum"))
    has_violations = False
    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    for amap in read_maps(env, file, options, tokens):
        violations, requirements = find_violations(
            amap, causal=causal, window=window, row_sum=row_sum, signed=signed, tolerance=tolerance
        )
        has_violations = has_violations or bool(violations)
        if json:
            from json import dumps

            report = {
                "checked": vars(requirements),
                "violations": [vars(violation) for violation in violations],
            }
            text = dumps(report)
        else:
            passed = f"OK: {describe_passed(amap, requirements)}"
            lines = [violation.sentence for violation in violations] or [passed]
            text = "\n".join(lines)
        try:
            if is_read:
                env.write_text(f"{text}\n")
        except BrokenOutputPipe:  # the exit status is of all maps
            is_read = False
            silence_stdout()
    return int(has_violations)
