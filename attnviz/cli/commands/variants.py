"""attnviz variants: the catalogue of attention mechanisms, or one of them in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.core.variant import Variant


@with_options(GENERAL)
def variants(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Mechanism to describe, or a word to filter by."),
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON output.")] = False,
    **options: str,
) -> None:
    """List attention mechanisms, or describe one."""
    from attnviz.cli.output.render import render_text
    from attnviz.core.variants import CLASSICS, VARIANTS

    env = ctx.obj.with_color(options["color"])
    rows, is_one = (list(VARIANTS.values()), False) if name is None else select_rows(name)
    if json:
        from attnviz.render.reports.json_catalogue import variants_json

        env.write(variants_json(rows))
        return
    from attnviz.render.reports.terminal_catalogue import VariantDetails, VariantList

    if is_one:
        from attnviz.cli.commands.variant_example import compute_example

        (row,) = rows
        others = (
            other.name
            for other in VARIANTS.values()
            if other.group == name and other.name != row.name
        )
        same_group = tuple(others) if name == row.group else ()
        details = VariantDetails(row, compute_example(row), same_group, ascii=env.ascii)
        env.write(render_text(env, details))
    else:
        classics = CLASSICS if name is None else ()
        env.write(render_text(env, VariantList(rows, classics, word=name or "")))


def select_rows(name: str) -> tuple[list[Variant], bool]:
    """The row with this name and True, else all rows that contain the word and False.

    Raises UnknownNameError where there is neither.
    """
    from attnviz.core.variants import find_variant, search_variants
    from attnviz.errors import UnknownNameError

    try:
        return [find_variant(name)], True
    except UnknownNameError:
        if rows := search_variants(name):
            return rows, False
        raise
