"""Padding among the keys of a map."""

from __future__ import annotations

from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.token_features import PADDING_TOKENS


def is_padding(amap: AttentionMap) -> list[bool]:
    """Which keys are padding, by their tokens or by the mask in their file.    -> [key]"""
    stated: Any = amap.meta.get("padding", ())
    positions = set(stated) if isinstance(stated, list | tuple) else set()
    return [k in positions or key.piece in PADDING_TOKENS for k, key in enumerate(amap.keys)]
