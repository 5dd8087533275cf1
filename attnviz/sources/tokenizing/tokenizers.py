"""Tokenizers by name (words, whitespace, characters, bytes, bpe), or any tokenizer.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnviz.errors import UnknownNameError
from attnviz.lookup import find_by_name
from attnviz.sources.tokenizing.encode import Encoding, TextTokenizer, TokenizerBuilder

__all__ = ["TOKENIZERS", "Encoding", "TextTokenizer", "find_tokenizer"]

UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]&&[^{UNSPACED_SCRIPTS}]]"
REGIONAL_INDICATOR = r"[\x{1F1E6}-\x{1F1FF}]"
# A flag is matched by itself: \X reads back to the first of a row of flags, for each of them.
GRAPHEME = (
    rf"{REGIONAL_INDICATOR}{{2}}[\p{{Grapheme_Extend}}\p{{Mc}}\x{{1F3FB}}-\x{{1F3FF}}\x{{200D}}]*"
    r"|\X"
)
WORD_PATTERN = rf"{LETTER}+(?:['’]{LETTER}+)*|(?!\s)(?:{GRAPHEME})"


def regex_builder(pattern: str) -> TokenizerBuilder:
    """The builder of a tokenizer whose pieces are the matches of a pattern."""

    def build(texts: Sequence[str]) -> Any:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        splitter = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        pieces = dict.fromkeys(p for text in texts for p, _ in splitter.pre_tokenize_str(text))
        ids = {piece: i for i, piece in enumerate(pieces)}
        tokenizer = Tokenizer(models.WordLevel(ids, unk_token=next(iter(pieces))))
        tokenizer.pre_tokenizer = splitter
        return tokenizer

    return build


def build_byte_tokenizer(texts: Sequence[str]) -> Any:
    """A tokenizer with one token per byte of the UTF-8 text."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    del texts
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def load_bpe(texts: Sequence[str]) -> Any:
    """The byte-level BPE tokenizer that attnviz ships."""
    from attnviz.sources.tokenizing.tokenizer_json import load_shipped_bpe

    del texts
    return load_shipped_bpe()


TOKENIZERS = (
    TextTokenizer("words", "words and punctuation marks, case kept", regex_builder(WORD_PATTERN)),
    TextTokenizer("whitespace", "split at white space", regex_builder(r"\S+")),
    TextTokenizer(
        "characters", "user-perceived characters (grapheme clusters)", regex_builder(GRAPHEME)
    ),
    TextTokenizer("bytes", "bytes of the UTF-8 text", build_byte_tokenizer),
    TextTokenizer("bpe", "byte-level BPE, trained on a small text", load_bpe),
)


def find_tokenizer(name_or_path: str, *, is_target: bool = False) -> TextTokenizer:
    """A tokenizer by its name, or from a tokenizer.json or a folder with tokenizer files.

    With `is_target`, that of the target language, where a folder has two.
    Raises UnknownNameError with similar names, CouldNotError for a path that cannot be read,
    InvalidInputError for a file that is not a tokenizer.json.
    """
    try:
        return find_by_name(TOKENIZERS, name_or_path, "tokenizer")
    except UnknownNameError as error:
        if not is_path(name_or_path):
            raise UnknownNameError(f"{error} (A path to a tokenizer.json works too.)") from None
    from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer

    library = load_tokenizer(Path(name_or_path), is_target=is_target)
    return TextTokenizer(name_or_path, "a file or folder", lambda texts: library)


def is_path(name: str) -> bool:
    """Whether a name looks like a path rather than a misspelled tokenizer name."""
    path = Path(name)
    try:
        return bool(name) and (len(path.parts) > 1 or path.suffix == ".json" or path.exists())
    except OSError:  # too long for a name
        return False
