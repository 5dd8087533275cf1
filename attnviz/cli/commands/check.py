"""attnviz check: whether the weights in a file are valid attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.files import FILE_CONTENTS, FILE_TOKENS
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.core.attention_map import AttentionMap
    from attnviz.measures.check import Violation
    from attnviz.measures.rules import Requirements

ROW_SUM_CHOICES = ("1", "at most 1", "any")


@with_options(FILE_CONTENTS, FILE_TOKENS)
def check(
    ctx: typer.Context,
    file: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Input files, or - for standard input."),
    ],
    *,
    causal: Annotated[bool, typer.Option("--causal", help="Require causal attention.")] = False,
    window: Annotated[
        int | None,
        typer.Option(
            "--window", metavar="N", min=1, help="Require |query - key| < N (at least 1)."
        ),
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option(
            "--mask",
            metavar="MASK",
            help="Require no weight on pairs that a mask excludes, e.g. "
            "'causal & same-document'; see `attnviz mask`.",
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

    One line per rule and head that violates it, the worst first, and exit status 4.

    A map that passes has one line: what was checked, and what was not.
    """
    from attnviz.api.check import check as find_violations
    from attnviz.api.check import describe_passed, describe_violations
    from attnviz.cli.environment import BrokenOutputPipe, silence_stdout
    from attnviz.cli.input.map_files import read_maps, require_one_pipe
    from attnviz.errors import NOT_PASSED, MisuseError, UnknownNameError
    from attnviz.lookup import unknown_name_message
    from attnviz.sources.external.token_argument import parse_token_arguments

    env, is_read = ctx.obj, True
    if row_sum not in (None, *ROW_SUM_CHOICES):
        raise UnknownNameError(unknown_name_message(row_sum, ROW_SUM_CHOICES, "--row-sum"))
    if options["document_end"] is not None and mask is None:
        raise MisuseError(
            "--document-end has no effect without --mask, such as --mask 'causal & same-document'"
        )
    require_one_pipe(*file)
    all_violations: list[Violation] = []
    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    for path in file:
        name = path if len(file) > 1 else ""
        for amap in read_maps(env, path, options, tokens):
            violations, requirements = find_violations(
                amap,
                causal=causal,
                window=window,
                mask=mask,
                row_sum=row_sum,
                signed=signed,
                tolerance=tolerance,
            )
            all_violations += violations
            if json:
                text = describe_as_json(path, amap, violations, requirements)
            else:
                passed = f"OK: {describe_passed(amap, requirements)}"
                lines = [violation.sentence for violation in violations] or [passed]
                text = "\n".join(name_line(name, amap, line) for line in lines)
            try:
                if is_read:
                    env.write_text(f"{text}\n")
            except BrokenOutputPipe:  # the exit status is of all maps
                is_read = False
                silence_stdout()
    if not all_violations:
        return 0
    env.warn(f"FAIL: {describe_violations(all_violations)}")
    return NOT_PASSED


def name_line(file: str, amap: AttentionMap, line: str) -> str:
    """A line about a map, after the file, if there are several, and the id, if it has one."""
    from attnviz.render.safe_text import escape_text

    id = amap.meta.get("id")
    where = [escape_text(file)] if file else []
    where += [escape_text(f"id {id}")] if id is not None else []
    return ": ".join((", ".join(where), line)) if where else line


def describe_as_json(
    file: str, amap: AttentionMap, violations: list[Violation], requirements: Requirements
) -> str:
    """The result of a map as one JSON document."""
    from json import dumps

    return dumps(
        {
            "file": file,
            "id": amap.meta.get("id"),
            "checked": vars(requirements),
            "violations": [finite_fields(violation) for violation in violations],
        }
    )


def finite_fields(violation: Violation) -> dict[str, Any]:
    """The fields of a violation, null for NaN and infinity, which JSON does not have."""
    from math import isfinite

    fields = vars(violation)
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in fields.items()
    }
