"""Head statistics as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap


def heads_document(amap: AttentionMap, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The statistics of all heads, with text and meta, as one JSON document on one line."""
    document = {"text": amap.text, "context": amap.context, "heads": rows, "meta": dict(amap.meta)}
    return (json.dumps(document, allow_nan=False) + "\n").encode()
