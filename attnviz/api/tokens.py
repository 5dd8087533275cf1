"""tokens: the tokens of a text, as a tokenizer makes them."""

from __future__ import annotations

from os import PathLike

from attnviz.argument_types import require_given
from attnviz.core.tokens import Tokens


def tokens(text: str, tokenizer: str | PathLike[str] = "words") -> Tokens:
    """Tokenize a text.

    Args:
        text: the text.
        tokenizer: words, whitespace, characters, bytes, bpe, or a file or folder.

    Returns:
        The tokens, each with its vocabulary entry (`piece`), its readable `label`, and its first
        and last character in the text.

    Raises:
        MisuseError: an unknown tokenizer.
        InvalidInputError: a file that is no tokenizer.

    >>> [token.label for token in tokens("don't stop")]
    ["don't", 'stop']
    >>> tokens("ab", "characters")[1].start
    1
    """
    require_given("text", text, str)
    require_given("tokenizer", tokenizer, str)
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    encoded: Tokens = find_tokenizer(str(tokenizer)).encode(text).tokens
    return encoded
