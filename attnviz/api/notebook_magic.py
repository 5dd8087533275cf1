"""%%watch: the maps of the attention that a notebook cell computed, below the cell.

`%load_ext attnviz` registers it. No notebook library is imported.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

from attnviz.api.notebook import mimebundle
from attnviz.errors import AttnvizError, MisuseError

NUMBERS = ("every", "pool", "max_memory")
TEXTS = ("modules", "layers", "heads", "items", "steps", "rows", "keep")
USAGE = "as in %%watch modules=encoder.* steps=-1"
MAX_MAPS = 12  # that are displayed below one cell


def register(shell: Any) -> None:
    """Register the cell magic with a notebook's shell."""

    def watch_cell(line: str, cell: str) -> None:
        run_cell(shell, line, cell)

    shell.register_magic_function(watch_cell, magic_kind="cell", magic_name="watch")


def run_cell(shell: Any, line: str, cell: str) -> None:
    """Run a cell, record its attention and display the maps."""
    from attnviz.api.watch import watch

    try:
        seen = watch(**parse_line(line))
        with seen:
            shell.run_cell(cell)
        maps = seen.maps()
    except AttnvizError as error:
        print(f"attnviz: {error}", file=sys.stderr)
        return
    for amap in maps[-MAX_MAPS:]:
        shell.display_pub.publish(data=mimebundle(amap))
    if len(maps) > MAX_MAPS:
        print(f"attnviz: the last {MAX_MAPS} of {len(maps)} maps are displayed", file=sys.stderr)


def parse_line(line: str) -> dict[str, Any]:
    """The arguments of `watch` in the line of the magic, NAME=VALUE each.

    >>> parse_line("modules=encoder.* steps=-1 every=2")
    {'modules': 'encoder.*', 'steps': '-1', 'every': 2}
    """
    arguments: dict[str, Any] = {}
    for word in shlex.split(line):
        name, sign, value = word.partition("=")
        if not sign or name not in (*NUMBERS, *TEXTS):
            names = ", ".join((*TEXTS, *NUMBERS))
            raise MisuseError(f"{word!r:.40} should be NAME=VALUE, {USAGE}; names: {names}")
        if name in NUMBERS and not value.isdecimal():
            raise MisuseError(f"{word!r:.40}: {name} should be a whole number")
        arguments[name] = int(value) if name in NUMBERS else value
    if arguments.get("keep", "map") not in ("map", "pooled"):
        raise MisuseError(f"keep={arguments['keep']} has no maps to display; use map or pooled")
    return arguments
