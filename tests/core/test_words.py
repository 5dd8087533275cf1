"""Words from offsets, in any script, and from the marks of vocabularies."""

from __future__ import annotations

import pytest

from attnviz.core.tokens import Token
from attnviz.core.words import group_words, merge_tokens, word_numbers


def covering(text: str, pieces: str, leading_space: bool = False) -> tuple[Token, ...]:
    """Tokens that cover a text, its pieces separated by |; white space belongs to none, or to
    the token after it."""
    tokens, start = [], 0
    for piece in pieces.split("|"):
        at = text.index(piece, start)
        tokens.append(Token(piece, piece, start if leading_space else at, at + len(piece)))
        start = at + len(piece)
    return tuple(tokens)


SCRIPTS = [  # a text, its pieces, and its words
    ("until then.", "un|til|then|.", "until|then|."),
    ("don't stop", "don|'|t|stop", "don't|stop"),
    ("I'm", "I|'m", "I'm"),
    ("the 'old' one", "the|'|old|'|one", "the|'|old|'|one"),
    ("dogs' tails", "dogs|'|tails", "dogs|'|tails"),
    ("didn't stop", "didn'|t|stop", "didn't|stop"),
    ("see ('old one", "see|('|old|one", "see|('|old|one"),
    ("a'b 'c", "a'|b|'|c", "a'b|'|c"),
    ("abc123 x_y", "abc|123|x|_|y", "abc123|x|_|y"),
    ("well-known", "well|-|known", "well|-|known"),
    ("Кошка сидела", "Кош|ка|сиде|ла", "Кошка|сидела"),
    ("القطة جلست", "ال|قطة|جل|ست", "القطة|جلست"),
    ("고양이가 앉았다", "고양|이가|앉|았다", "고양이가|앉았다"),
    ("बिल्ली बैठी", "बि|ल्ली|बै|ठी", "बिल्ली|बैठी"),
    ("猫坐在垫子上。", "猫|坐在|垫子|上|。", "猫|坐在|垫子|上|。"),
    ("แมวนั่ง", "แมว|นั|่ง", "แมว|นั่ง"),
    ("cafe\u0301 noir", "cafe|\u0301|noir", "cafe\u0301|noir"),
]


@pytest.mark.parametrize("leading_space", [False, True])
@pytest.mark.parametrize(("text", "pieces", "words"), SCRIPTS)
def test_words_of_a_script(text, pieces, words, leading_space):
    tokens = covering(text, pieces, leading_space)
    groups = group_words(tokens)
    assert [merge_tokens([tokens[i] for i in group]).label for group in groups] == words.split("|")
    assert [position for group in groups for position in group] == [*range(len(tokens))]


def test_parts_of_one_character_are_one_word():
    tokens = (Token("ðŁ", "🐱⟨1/2⟩", 0, 1), Token("Ĳ±", "🐱⟨2/2⟩", 0, 1), Token("!", "!", 1, 2))
    assert word_numbers(tokens) == [0, 0, 1]
    assert merge_tokens(tokens[:2]).label == "🐱"


@pytest.mark.parametrize(
    ("pieces", "numbers"),
    [
        (["play", "##ing", "."], [0, 0, 1]),
        (["Ġplay", "ing", ".", "Ġnow"], [0, 0, 1, 2]),
        (["▁play", "ing", "▁now"], [0, 0, 1]),
        (["play", "ing</w>", "now</w>"], [0, 0, 1]),
        (["play", "ing"], [0, 1]),
    ],
)
def test_marks_of_vocabularies(pieces, numbers):
    labels = [piece.strip("Ġ▁#").removesuffix("</w>") for piece in pieces]
    assert word_numbers(tuple(map(Token, pieces, labels))) == numbers


def test_without_offsets_the_word_index_counts():
    tokens = tuple(Token(piece, piece, word=n) for piece, n in (("a", 0), ("##b", 1), ("c", 1)))
    assert word_numbers(tokens) == [0, 1, 1]


def test_special_tokens_and_segments_end_words():
    tokens = (
        Token("<s>", "<s>", special=True),
        Token("a", "a", 0, 1),
        Token("b", "b", 1, 2, segment=1),
        Token("</s>", "</s>", special=True, segment=1),
    )
    assert word_numbers(tokens) == [0, 1, 2, 3]
    assert word_numbers(()) == [] and group_words(()) == []
    assert merge_tokens(tokens[:1]) is tokens[0]


def test_a_merged_token_covers_its_pieces():
    merged = merge_tokens([Token("un", "un", 4, 6, segment=1, word=3), Token("til", "til", 6, 9)])
    assert (merged.label, merged.start, merged.end, merged.segment) == ("until", 4, 9, 1)
