"""Properties of tokenizers that decide how a text is encoded: slow, long, spaced, user-defined."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import limited_tokenizer
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer, max_size, read_limits
from attnviz.sources.tokenizing.sentencepiece_document import NEVER, unigram_score
from attnviz.sources.tokenizing.sentencepiece_model import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    USER_DEFINED,
    Piece,
    SentencePieceModel,
)
from attnviz.sources.tokenizing.tekken_file import read_count
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.tokenizers.folders import FOLDERS, make_folder


def library(**model):
    """A tokenizer of the library of which only the settings of its model matter."""
    return SimpleNamespace(
        model=SimpleNamespace(**model),
        id_to_token=None,
        token_to_id=None,
        encode=lambda *texts, **_: "in this process",
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, False),
        ({"max_input_chars_per_word": None}, False),
        ({"max_input_chars_per_word": 100}, False),
        ({"max_input_chars_per_word": 1000}, False),
        ({"max_input_chars_per_word": 1001}, True),
        ({"end_of_word_suffix": "</w>", "continuing_subword_prefix": None}, False),
        *(
            ({name: "a" * (limited_tokenizer.LONG_PREFIX + more)}, more > 0)
            for name in ("continuing_subword_prefix", "end_of_word_suffix")
            for more in (0, 1)
        ),
    ],
)
def test_models_that_may_take_long_are_slow(model, expected):
    assert LimitedTokenizer("x", library(**model), read_limits({}), b"").is_slow is expected


@pytest.mark.parametrize("has_regex", [True, False])
@pytest.mark.parametrize("n", [999, 1000, 1001, 2000])
def test_long_texts_with_a_pattern_are_encoded_in_a_process_of_their_own(n, has_regex):
    pattern = {"Regex" if has_regex else "String": "a"}
    limits = read_limits({"pre_tokenizer": {"type": "Split", "pattern": pattern}})
    tokenizer = LimitedTokenizer("x", library(), limits, b"")
    columns = [()] * len(limited_tokenizer.COLUMNS)
    tokenizer.made_child = SimpleNamespace(encode=lambda *_, **__: columns)
    for texts in (("a" * n,), ("a" * (n - 7), "b" * 7)):
        is_here = tokenizer.encode(*texts) == "in this process"
        assert is_here == (n <= 1000 or not has_regex)


def test_a_text_may_grow_by_its_length_and_a_constant():
    free, factor = limited_tokenizer.FREE_BYTES, limited_tokenizer.MAX_GROWTH
    assert [max_size(n) for n in (0, 1, 1000)] == [free, free + factor, free + 1000 * factor]
    assert factor > 1


@pytest.mark.parametrize("count", [1, 1 << 20])
def test_counts_of_tekken_go_up_to_a_bound(count):
    assert read_count({"n": count}, "n", Path("tekken.json")) == count
    for wrong in (0, (1 << 20) + 1, True, None):
        with pytest.raises(InvalidInputError, match=r"tekken\.json: n should be an integer"):
            read_count({"n": wrong}, "n", Path("tekken.json"))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([Piece("▁a", 0.0), Piece("b", 0.0)], False),
        ([Piece("▁a▁b", 0.0)], True),
        ([Piece("a▁", 0.0)], True),
        ([Piece("▁▁", 0.0)], True),
        ([Piece("a▁b", 0.0, USER_DEFINED), Piece("b", 0.0)], False),
    ],
)
def test_normal_pieces_with_a_space_within_keep_a_text_whole(pieces, expected):
    model = SentencePieceModel(tuple(pieces), 1, 0, False, b"", True, True)
    assert model.has_inner_spaces is expected


def test_user_defined_pieces_have_the_largest_score_and_others_none():
    scores = {kind: unigram_score(Piece("a", -2.5, kind)) for kind in range(1, 7)}
    never = {UNKNOWN, CONTROL, BYTE}
    assert scores[NORMAL] == -2.5 and scores[USER_DEFINED] == 0.0
    assert {scores[kind] for kind in never} == {NEVER} and NEVER < -1000


@pytest.mark.parametrize("name", FOLDERS)
def test_a_mask_token_takes_the_space_before_it(name, tmp_path):
    """As in transformers, "a <mask>" has no token for the space, unless the mask is text."""
    tokenizer = find_tokenizer(str(make_folder(name, tmp_path)))
    for mask in ("<mask>", "[MASK]"):
        tokens = tokenizer.encode(f"cat {mask} sat").tokens
        pieces = [token.piece for token in tokens]
        if mask in pieces:
            before = tokens[pieces.index(mask) - 1]
            assert before.piece not in {"Ġ", "▁", " "}, pieces
