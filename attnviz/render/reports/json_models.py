"""Families of models, and single checkpoints, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def document(known: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """What is known, one JSON document."""
    return (json.dumps(known, indent=1, allow_nan=False) + "\n").encode()
