"""Tokens of a text as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from attnviz.core.tokens import Token


def document(text: str, tokens: Sequence[Token], ids: Sequence[int]) -> bytes:
    """The text and each token with its id, one JSON document on a line."""
    rows = [asdict(token) | {"id": id} for token, id in zip(tokens, ids, strict=True)]
    return (json.dumps({"text": text, "tokens": rows}) + "\n").encode()
