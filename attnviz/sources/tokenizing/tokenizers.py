"""Text to tokens: a table of tokenizers, and any tokenizer.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnviz.errors import UnknownNameError
from attnviz.lookup import find
from attnviz.sources.tokenizing.encode import Build, Encoding, TextTokenizer
from attnviz.sources.tokenizing.tokenizer_json import load, shipped

__all__ = ["TOKENIZERS", "Encoding", "TextTokenizer", "tokenizer"]

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]&&[^{UNSPACED}]]"
WORDS = rf"{LETTER}+(?:['’]{LETTER}+)*|(?!\s)\X"


def matches(pattern: str) -> Build:
    """A tokenizer whose pieces are what a pattern finds in the sentences."""

    def build(texts: Sequence[str]) -> Any:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        cut = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        pieces = dict.fromkeys(p for text in texts for p, _ in cut.pre_tokenize_str(text))
        ids = {piece: i for i, piece in enumerate(pieces)}
        made = Tokenizer(models.WordLevel(ids, unk_token=next(iter(pieces))))
        made.pre_tokenizer = cut
        return made

    return build


def of_bytes(texts: Sequence[str]) -> Any:
    """A tokenizer with a piece for each byte."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    del texts
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


TOKENIZERS = (
    TextTokenizer("words", "words and punctuation marks, case kept", matches(WORDS)),
    TextTokenizer("whitespace", "whatever stands between spaces", matches(r"\S+")),
    TextTokenizer("characters", "what a reader takes for one character", matches(r"\X")),
    TextTokenizer("bytes", "the bytes of the text in UTF-8", of_bytes),
    TextTokenizer("bpe", "parts of words, learned from a small text", lambda texts: shipped()),
)


def tokenizer(name_or_path: str) -> TextTokenizer:
    """A tokenizer of the table by its name, or the one that a file or folder holds.

    Raises UnknownNameError with the nearest names, CouldNotError for a path where nothing
    can be read, InvalidInputError for a file that is no tokenizer.json.
    """
    try:
        return find(TOKENIZERS, name_or_path, "tokenizer")
    except UnknownNameError as problem:
        if not is_path(name_or_path):
            raise UnknownNameError(f"{problem} (A path to a tokenizer.json works too.)") from None
    library = load(Path(name_or_path))
    return TextTokenizer(name_or_path, "a tokenizer.json", lambda texts: library)


def is_path(name: str) -> bool:
    """Whether someone who wrote this meant a file."""
    path = Path(name)
    try:
        return bool(name) and (len(path.parts) > 1 or path.suffix == ".json" or path.exists())
    except OSError:  # too long for a name
        return False
