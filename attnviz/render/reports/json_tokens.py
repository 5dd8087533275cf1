"""Tokens of a text as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from attnviz.core.tokens import Token


def tokens_json(text: str, tokens: Sequence[Token], ids: Sequence[int]) -> bytes:
    """The text and its tokens with their ids, one JSON document on one line."""
    rows = [asdict(token) | {"id": id} for token, id in zip(tokens, ids, strict=True)]
    return (json.dumps({"text": text, "tokens": rows}) + "\n").encode()
