"""Groups of sentences that a model may run together, by their position in the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from attnviz.cli.batch.outcome import Item


def group_size(options: Mapping[str, Any]) -> int:
    """The sentences per group: several for the lines of a file and a pretrained model.

    Lines of a pipe run one by one: each has its result before the next line arrives.
    """
    path = options["input"]
    if not (options.get("model") and path and Path(path).is_file()):
        return 1
    from attnviz.api.look_many import GROUP

    return GROUP


def group_items(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """The items in groups of this size."""
    while group := list(islice(items, size)):
        yield group
