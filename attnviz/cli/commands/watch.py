"""attnviz watch: run a PyTorch program and write the attention that it computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.spec import with_options
from attnviz.cli.options.watch import NOT_OF_WATCH, WATCH

if TYPE_CHECKING:
    from attnviz.cli.environment import Environment
    from attnviz.core.attention_map import AttentionMap

MAX_NOTES = 8  # about modules that are not recorded

Program = Annotated[
    list[str] | None,
    typer.Argument(metavar="SCRIPT ARGS", help="Program to run and its arguments."),
]


@with_options(*WATCH, without=NOT_OF_WATCH)
def watch(ctx: typer.Context, program: Program = None, **options: Any) -> int:
    """Run a PyTorch program unchanged and write its attention to files.

    Options of attnviz stand before the program: attnviz watch -o page.html train.py --epochs 1
    """
    from attnviz.api.watch import require_torch
    from attnviz.cli.options.parse import parse_byte_count
    from attnviz.cli.output.render import parse_targets
    from attnviz.cli.output.style import parse_style
    from attnviz.cli.program.run_program import run_program
    from attnviz.errors import AttnvizError, MisuseError
    from attnviz.sources.external.token_argument import parse_token_arguments

    env, words = ctx.obj.with_color(options["color"]), list(program or ())
    if options["module"] is None and not words:
        raise MisuseError("give a program: attnviz watch -o page.html train.py, or -m MODULE")
    if not options["output"]:
        raise MisuseError(
            "standard output is the program's; give a file, before the program: attnviz watch "
            "-o page.html train.py"
        )
    parse_style(env, options), parse_targets(env, options)  # raise before the program runs
    max_memory = parse_byte_count(options["max_memory"], "--max-memory")
    require_torch()
    names = ("tokens", "query_tokens", "key_tokens", "tokenizer")
    tokens = parse_token_arguments(**{name: options[name] for name in names})
    seen = make_watch(options, max_memory)
    script = None if options["module"] else words.pop(0)
    with seen:
        status = run_program(script, options["module"], words)
    for name, reason in list(seen.unrecorded.items())[:MAX_NOTES]:
        env.warn(f"note: not recorded: {name}: {reason}")
    try:
        write_maps(env, seen.maps(tokens), options)
    except AttnvizError as error:
        if not status:
            raise
        env.warn(f"error: {error}")  # the status is that of the program
    return status


def make_watch(options: dict[str, Any], max_memory: int | None) -> Any:
    """The recording that the options request."""
    from attnviz.api.watch import watch as record

    is_pooled = options["pool"] is not None
    return record(
        modules=options["modules"],
        layers=options["layer"],
        heads=options["head"],
        items=options["items"],
        steps=options["steps"],
        every=options["every"],
        rows=options["rows"],
        with_vectors=options["with_qk"],
        max_memory=max_memory,
        **({"keep": "pooled", "pool": options["pool"]} if is_pooled else {}),
    )


def write_maps(env: Environment, maps: Sequence[AttentionMap], options: dict[str, Any]) -> None:
    """Write the maps; several get one file each where a file holds one."""
    from attnviz.cli.output.render import write_all

    known: set[str] = set()
    for amap in maps:
        for guess in amap.meta.get("guessed", ()):
            if guess not in known:
                env.warn(f"note: {guess}")
                known.add(guess)
    if len(maps) > 1:
        maps = name_maps(maps)
        options["output"] = [file_per_map(env, path, options, maps) for path in options["output"]]
    write_all(env, maps, options)


def name_maps(maps: Sequence[AttentionMap]) -> list[AttentionMap]:
    """The maps with an id each, as in "encoder", "cross-2" or "self-step3"."""
    has_steps = len({amap.meta.get("run") for amap in maps}) > 1
    ids: list[str] = []
    for amap in maps:
        base = str(amap.meta.get("attention"))
        base += f"-step{amap.meta.get('step')}" if has_steps else ""
        n_same = sum(id == base or id.startswith(f"{base}-no") for id in ids)
        ids.append(f"{base}-no{n_same + 1}" if n_same else base)
    return [replace(a, meta={**a.meta, "id": id}) for a, id in zip(maps, ids, strict=True)]


def file_per_map(
    env: Environment, path: str, options: dict[str, Any], maps: Sequence[AttentionMap]
) -> str:
    """The path of an output, with {id} in its name where one file holds one map."""
    from attnviz.cli.options.formats import choose_formats
    from attnviz.cli.output.filename_template import is_template

    ((_, row),) = choose_formats({**options, "output": [path]})
    if row.holds_many or is_template(path) or path == "-":
        return path
    template = PurePath(path).with_stem(f"{PurePath(path).stem}-{{id}}")
    ids = ", ".join(str(amap.meta["id"]) for amap in maps[:6]) + ", …" * (len(maps) > 6)
    env.warn(f"note: {len(maps)} maps, one file each: {template} ({ids})")
    return str(template)
