"""All heads of a map as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap


def document(amap: AttentionMap, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The heads and what they are heads of, one JSON document on a line."""
    said = {"text": amap.text, "context": amap.context, "heads": rows, "meta": dict(amap.meta)}
    return (json.dumps(said, allow_nan=False) + "\n").encode()
