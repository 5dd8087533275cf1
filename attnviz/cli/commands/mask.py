"""attnviz mask: a mask as a map, without any weights."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.options.shared import DISPLAY, GENERAL, IN_OUT, SELECTION
from attnviz.cli.options.spec import with_options

VIEWS = ("auto", "matrix", "overview")
NOT_OF_MASKS = (
    "input",
    "size",
    "query",
    "segments",
    "layer",
    "annotate",
    "vmin",
    "vmax",
    "robust",
    "shared_scale",
    "percent",
    "no_caption",
    "no_colorbar",
    "norm",
)


@with_options(IN_OUT, SELECTION, DISPLAY, GENERAL, without=NOT_OF_MASKS)
def mask(
    ctx: typer.Context,
    expression: Annotated[
        str,
        typer.Argument(
            metavar="MASK", help="Mask expression, e.g. causal & window(3) & ~padding."
        ),
    ],
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Sentence (or use --size).")
    ] = None,
    *,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", help="Sequence length, without a TEXT.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", "-c", metavar="TEXT", help="Second sentence, for the keys."),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            "-t",
            metavar="NAME|FILE",
            help="Tokenizer: words, whitespace, characters, bytes, bpe, or a file or folder.",
            show_default="words",
        ),
    ] = None,
    heads: Annotated[int, typer.Option("--heads", metavar="N", help="Number of heads.")] = 1,
    **options: Any,
) -> None:
    """Draw an attention mask and count the allowed pairs."""
    from attnviz.api.mask_map import mask_map
    from attnviz.cli.output.render import write_all
    from attnviz.errors import MisuseError
    from attnviz.render.views import find_view

    env = ctx.obj.with_color(options["color"])
    if find_view(options["view"]).name not in VIEWS:
        raise MisuseError(f"--view {options['view']}: a mask has {', '.join(VIEWS)}")
    amap = mask_map(
        expression,
        text,
        context,
        size=size,
        tokenizer=tokenizer,
        heads=heads,
        select_heads=options["head"],
    )
    write_all(env, [amap], options, captions=lambda amap, known: {})
