"""Token text: a text whose tokens are given, in place of a tokenizer's."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from attnviz.argument_types import abbreviate, require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError, UnknownParameterError

TextInput = str | Sequence[str]


class TokenText(str):
    """The given tokens, and as a text: the tokens with spaces between them."""

    __slots__ = ("tokens",)
    tokens: tuple[str, ...]

    @classmethod
    def of(cls, tokens: Iterable[str]) -> TokenText:
        """The text of these tokens."""
        words = tuple(map(str, tokens))
        text = cls(" ".join(words))
        text.tokens = words
        return text


def as_text(name: str, value: Any) -> str:
    """A text as it is; a list of tokens, or an array of them, as a TokenText.

    Raises UnknownParameterError for anything else, MisuseError for no token. Warns of tokens with
    spaces between words, which could be texts.

    >>> as_text("text", ["The", "cat"]).tokens
    ('The', 'cat')
    """
    if isinstance(value, str) or value is None:
        return value  # type: ignore[return-value]
    entries = value.tolist() if hasattr(value, "tolist") else value
    is_list = isinstance(entries, list | tuple) and all(isinstance(e, str) for e in entries)
    if not is_list:
        if isinstance(entries, list | tuple):
            wrong = next(entry for entry in entries if not isinstance(entry, str))
            raise UnknownParameterError(
                f"{name}={abbreviate(value)} should be a text, or its tokens; "
                f"{abbreviate(wrong)} is no token"
            )
        if isinstance(value, AttentionMap):
            raise UnknownParameterError(
                f"{name}={abbreviate(value)} should be a text; maps that exist already are "
                "compared by attnviz.compare_maps and attnviz.diff"
            )
        require_given(name, value, str)
    if not entries:
        raise MisuseError(f"{name} is an empty list; it should have at least one token")
    if any(len(entry.split()) > 1 for entry in entries):
        message = (
            f"the {len(entries)} entries of {name} are taken as tokens; look_many takes texts"
        )
        warnings.warn(message, AttnvizWarning, stacklevel=4)
    return TokenText.of(entries)
