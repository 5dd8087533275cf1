"""Links as text: query → key, with positions where a word occurs more than once."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Tokens
from attnviz.render.safe_text import escape_token


def format_link(amap: AttentionMap, query: int, key: int) -> str:
    """A link, given by the positions of its query and key.

    >>> from attnviz.core.tokens import Token
    >>> words = tuple(map(Token.of, ("the", "cat", "the")))
    >>> import numpy as np
    >>> format_link(AttentionMap(words, words, np.zeros((1, 1, 3, 3))), 1, 2)
    'cat → the (2)'
    """
    return f"{format_token(amap.queries, query)} → {format_token(amap.keys, key)}"


def format_token(tokens: Tokens, position: int) -> str:
    """The escaped label of a token; with its position if another token has the same label."""
    label = tokens[position].label
    is_repeated = sum(token.label == label for token in tokens) > 1
    return f"{escape_token(label)} ({position})" if is_repeated else escape_token(label)
