"""The model of a run, with its adapter; kept open for the next sentence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from attnviz.errors import MisuseError
from attnviz.sources.file_stamp import read_stamp
from attnviz.sources.model.checkpoint import Checkpoint, open_checkpoint
from attnviz.sources.model.lora import apply_adapter, warn_of_adapter


def open_model(options: Mapping[str, Any]) -> Checkpoint:
    """The model that the options describe: model, revision and adapter."""
    name, adapter = options["model"], options.get("adapter")
    if "revision" in options and Path(name).is_dir():
        raise MisuseError(f"--revision has no effect on the local folder {name!r}")
    stamps = [read_stamp(Path(path)) for path in (name, adapter) if path is not None]
    return open_cached(name, options.get("revision"), adapter, tuple(stamps))


@lru_cache(maxsize=1)
def open_cached(
    name: str, revision: str | None, adapter: str | None, stamps: object
) -> Checkpoint:
    """The same, kept open as long as its files do not change."""
    model = open_checkpoint(name, revision=revision)
    if adapter is not None:
        return apply_adapter(model, adapter)
    warn_of_adapter(model.files.weights[0].parent)
    return model
