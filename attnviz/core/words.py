"""Words: which tokens are pieces of one word, by the characters that they cover, in any script.

Two neighbouring tokens belong to one word if they share a character, or if no white space is
between them and both ends are letters, digits or combining marks; an apostrophe between letters
joins too. In scripts without spaces between words (Chinese, Japanese, Thai …) a token is a word
of its own, unless it holds a part of a character. Tokens without offsets, as in files of other
programs, are joined by their word index or by the marks of their vocabulary: ## Ġ ▁ </w>.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from unicodedata import category

from attnviz.core.tokens import Token, Tokens

PART_NUMBER = re.compile(r"⟨\d+/\d+⟩$")  # ends the label of a part of a character
APOSTROPHES = "'’ʼ＇"
WORD_STARTS = ("Ġ", "▁")
# First and last code points of scripts that are written without spaces between words.
SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Tai Tham
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)

# A token, the next one, the one after; whether the first continues a word.
Joins = Callable[[Token, Token, Token | None, bool], bool]


def word_numbers(tokens: Tokens) -> list[int]:
    """The number of the word of each token, counted from 0; special tokens are words too.

    >>> from attnviz.core.tokens import Token
    >>> word_numbers((Token("Ġun", "un", 3, 6), Token("til", "til", 6, 9), Token(".", ".", 9, 10)))
    [0, 0, 1]
    """
    join = choose_rule(tokens)
    numbers = [0] * len(tokens)
    for i in range(1, len(tokens)):
        before, token = tokens[i - 1], tokens[i]
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        is_same = not (before.special or token.special) and before.segment == token.segment
        is_inside = i > 1 and numbers[i - 1] == numbers[i - 2]
        numbers[i] = numbers[i - 1] + (not (is_same and join(before, token, after, is_inside)))
    return numbers


def group_words(tokens: Tokens) -> list[list[int]]:
    """The positions of the tokens of each word.

    >>> from attnviz.core.tokens import Token
    >>> group_words((Token("play", "play"), Token("##ing", "ing"), Token(".", ".")))
    [[0, 1], [2]]
    """
    groups: list[list[int]] = []
    for position, number in enumerate(word_numbers(tokens)):
        if number == len(groups):
            groups.append([])
        groups[number].append(position)
    return groups


def merge_tokens(tokens: Sequence[Token]) -> Token:
    """One token that stands for the pieces of a word.

    >>> merge_tokens([Token("play", "play", 0, 4), Token("##ing", "ing", 4, 7)]).label
    'playing'
    """
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1:
        return first
    label = join_labels(tokens)
    return Token(label, label, first.start, last.end, first.special, first.segment, first.word)


def join_labels(tokens: Sequence[Token]) -> str:
    """The labels of the pieces of a word, a character that several pieces share once."""
    parts: list[str] = []
    for before, token in zip((None, *tokens), tokens, strict=False):
        shares = before is not None and shares_character(before, token)
        parts.append("" if shares else plain_label(token))
    return "".join(parts)


def choose_rule(tokens: Tokens) -> Joins:
    """How neighbouring tokens are joined: by offsets, or by the marks of the vocabulary."""
    if any(token.end > token.start for token in tokens):
        return joins_by_offsets
    if any(token.word is not None for token in tokens):
        return lambda before, token, after, is_inside: before.word == token.word is not None
    pieces = [token.piece for token in tokens if not token.special]
    if any(piece.startswith("##") for piece in pieces):
        return lambda before, token, after, is_inside: token.piece.startswith("##")
    if any(piece.endswith("</w>") for piece in pieces):
        return lambda before, token, after, is_inside: not before.piece.endswith("</w>")
    if any(piece.startswith(WORD_STARTS) for piece in pieces):
        return joins_by_marks
    return lambda before, token, after, is_inside: False


def joins_by_offsets(before: Token, token: Token, after: Token | None, is_inside: bool) -> bool:
    """Whether a token continues the word of the one before it."""
    if shares_character(before, token):
        return True
    if before.end != token.start or before.end == before.start or token.end == token.start:
        return False
    label = plain_label(token)
    if token.end - token.start > len(label):  # it begins with white space
        return False
    follows = after if after is not None and after.start == token.end else None
    return joins_characters(plain_label(before), label, follows, is_inside=is_inside)


def joins_by_marks(before: Token, token: Token, after: Token | None, is_inside: bool) -> bool:
    """Whether a token without a mark of a word's start continues the word before it."""
    if token.piece.startswith(WORD_STARTS):
        return False
    return joins_characters(plain_label(before), plain_label(token), after, is_inside=is_inside)


def joins_characters(before: str, label: str, after: Token | None, *, is_inside: bool) -> bool:
    """Whether the end of one label and the beginning of the next are inside one word.

    `is_inside`: the first one continues a word, so that an apostrophe is no opening quote.
    """
    if not before or not label:
        return False
    if category(label[0])[0] == "M":  # a combining mark belongs to the character before it
        return True
    follows = label[1:] or ("" if after is None else starts_without_space(after))
    if label[0] in APOSTROPHES:
        return is_letter(before[-1]) and is_letter(follows[:1])
    if before[-1] in APOSTROPHES:
        return is_letter(label[0]) and (is_letter(before[-2:-1]) or is_inside)
    return is_letter(before[-1]) and is_letter(label[0])


def starts_without_space(token: Token) -> str:
    """The label of a token that follows without white space; empty for any other."""
    label = plain_label(token)
    has_space = token.end - token.start > len(label) or token.piece.startswith(WORD_STARTS)
    return "" if token.special or has_space else label


def is_letter(character: str) -> bool:
    """Whether a character is a letter, digit or mark of a script with spaces between words."""
    if not character or category(character)[0] not in "LNM":
        return False
    code = ord(character)
    return not any(first <= code <= last for first, last in SPACELESS)


def shares_character(before: Token, token: Token) -> bool:
    """Whether two tokens cover a common character."""
    return before.start < token.end and token.start < before.end


def plain_label(token: Token) -> str:
    """The label without the number of a part: "é" for "é⟨1/2⟩"."""
    return PART_NUMBER.sub("", token.label)
