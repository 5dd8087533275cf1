"""The path of a model: one that ships with attnviz, a local one, or a model of the Hub."""

from __future__ import annotations

from pathlib import Path

from attnviz.errors import MisuseError
from attnviz.sources.checkpoint.hub import find_path
from attnviz.sources.shipped_models import find_shipped_folder


def find_model_path(name: str, revision: str | None = None) -> Path:
    """The path of the model of this name.

    Raises MisuseError for a revision of a model that ships, and the errors of
    sources.checkpoint.hub.find_path.
    """
    shipped = find_shipped_folder(name)
    if shipped is None:
        return find_path(name, revision)
    if revision is not None:
        raise MisuseError(f"--revision has no effect on {name!r}, which ships with attnviz")
    return shipped
