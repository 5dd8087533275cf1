"""attnviz render: attention saved in a file, in every view and format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from attnviz.cli.options.files import FILE_CONTENTS, FILE_MASK, FILE_TOKENS
from attnviz.cli.options.shared import DISPLAY, GENERAL, IN_OUT, REDUCTION, SELECTION
from attnviz.cli.options.spec import with_options


@with_options(
    FILE_CONTENTS,
    FILE_MASK,
    FILE_TOKENS,
    IN_OUT,
    SELECTION,
    REDUCTION,
    DISPLAY,
    GENERAL,
    without=("input",),
)
def render(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Input file, or - for standard input.")
    ],
    **options: Any,
) -> None:
    """Display attention saved in a file (attnviz, other tools, NumPy arrays).

    `attnviz formats` lists the formats that can be read.
    """
    from attnviz.cli.input.map_files import file_ids, read_maps
    from attnviz.cli.output.render import write_all
    from attnviz.sources.external.token_argument import parse_token_arguments

    env = ctx.obj.with_color(options["color"])
    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    maps = read_maps(env, file, options, tokens, options["mask"])
    name = "" if file == "-" else Path(file).name
    write_all(env, maps, options, inputs=file_ids(env, file), source_name=name)
