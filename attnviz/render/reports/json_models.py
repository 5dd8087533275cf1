"""Model families, and facts about a checkpoint, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def models_json(facts: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """The facts as one JSON document."""
    return (json.dumps(facts, indent=1, allow_nan=False) + "\n").encode()
