"""Truncation of texts to the model's maximum length, recorded and noted."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from attnviz.errors import AttnvizWarning
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.tokenizing.tokenizers import Encoding


def fit_length(
    model: Checkpoint,
    encoding: Encoding,
    options: Mapping[str, Any],
    what: str,
    truncated: dict[str, list[int]],
) -> Encoding:
    """The text or target within the model's maximum length; truncation is recorded and noted."""
    side = "decoder" if what == "target" else "encoder"
    shorter = model.fit_to_positions(encoding, side, truncate=options.get("truncate", False))
    before, after = len(encoding.ids), len(shorter.ids)
    if after < before:
        truncated[what] = [before, after]
        message = f"{what} truncated from {before} to {after} tokens, the model's maximum"
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    return shorter
