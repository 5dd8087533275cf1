"""Provenance: the note on maps of untrained weights that every output carries."""

from __future__ import annotations

from typing import Protocol

from attnviz.core.map_metadata import MapMetadata


class HasMeta(Protocol):
    """A map or an explanation."""

    @property
    def meta(self) -> MapMetadata:
        """How it was computed."""


def untrained_note(result: HasMeta) -> str | None:
    """One line for results of untrained weights; None for trained or unknown ones.

    The terminal prints it below the pipeline, figures and the page as their subtitle.
    """
    if result.meta.get("trained") is not False:
        return None
    seed = result.meta.get("seed")
    seeded = "" if seed is None else f" (seed {seed})"
    return f"untrained weights{seeded}: shows the mechanism, not learned attention"
