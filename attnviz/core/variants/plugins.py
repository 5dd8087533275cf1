"""Plug-ins: rows of other packages, by the entry point group `attnviz.variants`.

An entry point names a Variant, or several in a list or tuple. Plug-ins are loaded after our own
rows: to list the catalogue, or for a name that is not among ours. One that fails to load is
skipped with a warning; ATTNVIZ_PLUGINS=0 skips all.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from attnviz.core.variant import Variant
from attnviz.errors import AttnvizWarning

GROUP = "attnviz.variants"


@cache
def load_plugins() -> tuple[Variant, ...]:
    """The rows of all plug-ins that can be loaded."""
    if os.environ.get("ATTNVIZ_PLUGINS") == "0":
        return ()
    from importlib.metadata import entry_points

    return tuple(row for point in entry_points(group=GROUP) for row in load_rows(point))


def load_rows(point: Any) -> Iterator[Variant]:
    """The rows of one entry point."""
    try:
        value = point.load()
    except Exception as error:
        warn_skipped(point, f"{type(error).__name__}: {error}")
        return
    for row in value if isinstance(value, list | tuple) else (value,):
        if isinstance(row, Variant):
            yield row
        else:
            warn_skipped(point, f"expected a Variant, not {type(row).__name__}")


def warn_skipped(point: Any, reason: str) -> None:
    """Warn that an entry point is skipped, and why."""
    warnings.warn(f"plug-in {point.name!r} is skipped: {reason}", AttnvizWarning, stacklevel=2)
