"""Maps from files that the command line names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attnviz.cli.environment import World
from attnviz.cli.input.sentences import standard_input
from attnviz.cli.options.parse import numbers
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import between
from attnviz.errors import MisuseError
from attnviz.sources.external import read_each


def maps_of(
    world: World, file: str, options: dict[str, Any], names: Any = None
) -> Iterator[AttentionMap]:
    """The maps of a file (or of standard input, `-`), with the layers and heads wished for.

    What had to be guessed is said to the person, a line each.
    """
    source: Any = standard_input(world) if file == "-" else file
    layers = numbers(options.get("layer"), "--layer")
    heads, segments = numbers(options.get("head"), "--head"), options.get("segments")
    for amap in read_each(source, names, axes=options["axes"], which=options["which"]):
        for guess in amap.meta.get("guessed", ()):
            world.note(f"note: {guess}")
        chosen = amap.select(layers=layers, heads=heads)
        yield chosen if segments is None else between(chosen, segments)


def one_pipe(before: str, after: str) -> None:
    """Refuse to read one pipe twice."""
    if before == after == "-":
        raise MisuseError("standard input can be read once; give one of the two as a file")
