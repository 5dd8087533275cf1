"""Provenance: what every output says of the weights of a map that no model was trained for."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap


def untrained_note(amap: AttentionMap) -> str | None:
    """One line for a map of untrained weights; None where a model was trained, or none is known.

    It stands where the eye is: in the terminal, as the subtitle of an image and of the page.
    """
    if amap.meta.get("trained") is not False:
        return None
    seed = amap.meta.get("seed")
    drawn = "" if seed is None else f" (seed {seed})"
    return f"untrained weights{drawn}: shows the mechanism, not what a model attends to"
