"""Formats of the outputs of a command: from --output, --format and --json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attnviz.errors import MisuseError
from attnviz.render.formats import find_format, format_for_path, known_format
from attnviz.render.output_format import Format


def choose_formats(options: Mapping[str, Any]) -> Iterator[tuple[str | None, Format]]:
    """Each path of --output with its format; None: standard output.

    The extension of a file decides; --format and --json name the format of standard output and
    of files without a known extension. Raises MisuseError where they contradict each other.
    """
    name, paths = options["format"], options["output"] or ["-"]
    if options["json"]:
        if name not in (None, "json"):
            raise MisuseError(f"give either --json or --format {name}, not both")
        name = "json"
    chosen = None if name is None else find_format(name)
    for path in paths:
        if path == "-":
            yield None, chosen or find_format("table")
        elif chosen is None or is_named_by_extension(path, chosen, paths):
            yield path, format_for_path(path)
        else:
            yield path, chosen


def is_named_by_extension(path: str, chosen: Format, paths: Sequence[str]) -> bool:
    """Whether the extension of a file names its format, though another one was chosen.

    Raises MisuseError where no other output takes the chosen format.
    """
    own = known_format(path)
    if own is None:
        return False
    if own.renderer == chosen.renderer:
        return False
    if "-" not in paths:
        raise MisuseError(
            f"{path!r} is a {own.name} file, and the format {chosen.name} is requested; leave "
            f"out the format, or add -o - to write {chosen.name} to standard output too"
        )
    return True
