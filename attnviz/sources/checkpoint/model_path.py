"""The path of a model: one that ships with attnviz, a local one, or a model of the Hub."""

from __future__ import annotations

import os
from pathlib import Path

from attnviz.errors import CouldNotError, MisuseError
from attnviz.sources.checkpoint.hub import find_path
from attnviz.sources.shipped_models import SHIPPED_MODELS, find_shipped_folder


def find_model_path(name: str, revision: str | None = None) -> Path:
    """The path of the model of this name.

    Raises MisuseError for a revision of a model that ships, and the errors of
    sources.checkpoint.hub.find_path.
    """
    shipped = find_shipped_folder(name)
    if shipped is None:
        refuse_misspelt(name)
        return find_path(name, revision)
    if revision is not None:
        raise MisuseError(f"--revision has no effect on {name!r}, which ships with attnviz")
    return shipped


def refuse_misspelt(name: str) -> None:
    """Raise CouldNotError for an empty name, and for a misspelt one of a model that ships."""
    if not name.strip():
        raise CouldNotError("the name of the model is empty; give a folder or a name")
    from difflib import get_close_matches

    close = get_close_matches(name, SHIPPED_MODELS, n=1, cutoff=0.8)
    if close and not os.path.exists(name):  # noqa: PTH110 (no error for a name that is too long)
        raise CouldNotError(f"there is no model {name!r}. Did you mean {close[0]!r}?")
