"""attnviz models: supported model families, or facts about one checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options


@with_options(GENERAL)
def models(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Local folder or Hugging Face name.")
    ] = None,
    *,
    revision: Annotated[
        str | None,
        typer.Option("--revision", metavar="NAME", help="Model revision (branch, tag or commit)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON output.")] = False,
    **options: str,
) -> None:
    """List supported model families, or describe a checkpoint."""
    from attnviz.api.model_info import describe_checkpoint, list_families
    from attnviz.cli.output.render import render_text
    from attnviz.errors import MisuseError

    env = ctx.obj.with_color(options["color"])
    if model is None and revision is not None:
        raise MisuseError("--revision needs a MODEL")
    facts = list_families() if model is None else describe_checkpoint(model, revision)
    if json:
        from attnviz.render.reports.json_models import models_json

        env.write(models_json(facts))
    else:
        from attnviz.render.reports.terminal_models import checkpoint_facts, families_table

        report = families_table(facts) if isinstance(facts, list) else checkpoint_facts(facts)
        env.write(render_text(env, report))
