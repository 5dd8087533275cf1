"""attnviz models: supported model families, or facts about one checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.cli.environment import Environment


@with_options(GENERAL)
def models(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help="Local folder, Hugging Face name, or induction, translator."
        ),
    ] = None,
    *,
    revision: Annotated[
        str | None,
        typer.Option("--revision", metavar="NAME", help="Model revision (branch, tag or commit)."),
    ] = None,
    experts: Annotated[
        str | None,
        typer.Option(
            "--experts",
            metavar="TEXT",
            help="Experts that a mixture of experts chooses for each token of a text.",
        ),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="LIST", help="Layers of --experts: 0,2-5.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV output of --experts.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON output.")] = False,
    **options: str,
) -> None:
    """List supported model families, or describe a checkpoint."""
    from attnviz.api.model_info import (
        describe_checkpoint,
        list_families,
        list_shipped_models,
    )
    from attnviz.cli.output.render import render_text
    from attnviz.errors import MisuseError

    env = ctx.obj.with_color(options["color"])
    for name, value in (("revision", revision), ("experts", experts)):
        if model is None and value is not None:
            raise MisuseError(f"--{name} needs a MODEL")
    for name, is_given in (("layer", layer is not None), ("csv", csv)):
        if experts is None and is_given:
            raise MisuseError(f"--{name} needs --experts TEXT")
    if csv and json:
        raise MisuseError("give either --csv or --json, not both")
    if model is not None and experts is not None:
        show_experts(
            env, model, revision, experts, layer, "csv" if csv else "json" if json else ""
        )
        return
    facts = list_families() if model is None else describe_checkpoint(model, revision)
    if json:
        from attnviz.render.reports.json_models import models_json

        env.write(models_json(facts))
    else:
        from attnviz.render.reports.terminal_models import checkpoint_facts, families_table

        report = (
            families_table(facts, list_shipped_models())
            if isinstance(facts, list)
            else checkpoint_facts(facts)
        )
        env.write(render_text(env, report))


def show_experts(
    env: Environment, model: str, revision: str | None, text: str, layers: str | None, form: str
) -> None:
    """Write the experts of each token: a table, or as "json" or "csv"."""
    from attnviz.api.expert_choices import expert_choices
    from attnviz.cli.input.sentences import read_valid_sentences, with_headings
    from attnviz.cli.options.parse import parse_indices

    selected = parse_indices(layers, "--layer")
    sentences = with_headings(read_valid_sentences(env, [text], None, None))
    for sentence, heading in sentences:
        facts = expert_choices(sentence.text, model=model, layers=selected, revision=revision)
        if form:
            from attnviz.render.reports.experts_files import experts_csv, experts_json

            env.write(experts_json(facts) if form == "json" else experts_csv(facts))
        else:
            from attnviz.cli.output.render import render_text
            from attnviz.render.reports.terminal_experts import experts_table

            env.write_text(heading)
            env.write(render_text(env, experts_table(facts)))
