"""Settings of a tokenizer.json out of bounds, and templates of post-processors."""

from __future__ import annotations

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import limited_tokenizer
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import (
    DOUBLE,
    END,
    TEXT,
    TEXT_A,
    added,
    assert_refused,
    bert_document,
    nested,
    sequence,
    split,
    template,
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"post_processor": template([TEXT_A, *[END] * 100_000])}, "single adds 100,000 tokens"),
        (
            {"post_processor": template([TEXT_A] * 9)},
            "single adds 0 tokens and repeats .* 9 times",
        ),
        (
            {"post_processor": template([TEXT_A, END], [2] * 9999, ["x"] * 9999)},
            r"post_processor\.single adds 9,999 tokens",
        ),
        (
            {"post_processor": sequence("processors", *[template([TEXT_A, TEXT_A])] * 30)},
            r"post_processor\.processors\[2\]\.single adds 0 tokens and repeats",
        ),
        (
            {"post_processor": template([TEXT_A, END], [2, 2], ["[SEP]"])},
            r"special_tokens\['\[SEP\]'\]: ids and tokens should be lists of the same length",
        ),
        ({"normalizer": nested("normalizers", 9, DOUBLE)}, "is nested more than 8 deep"),
        ({"normalizer": sequence("normalizers", *[DOUBLE] * 300)}, "has more than 256 steps"),
        ({"normalizer": {"type": "Reverse"}}, r"normalizer\.type = 'Reverse' is not supported"),
        ({"pre_tokenizer": [1]}, "pre_tokenizer should be an object"),
        ({"pre_tokenizer": split("a" * 10_001)}, "pattern is longer than 10,000 characters"),
        (
            {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "?"}},
            "[Pp]recompiled",
        ),
        (
            {
                "normalizer": {**DOUBLE, "pattern": {"Regex": "(a+)+b"}},
                "added_tokens": [added("aaa")],
            },
            r"normalizer\.pattern may take exponential time",
        ),
        (
            {
                "normalizer": {**DOUBLE, "pattern": {"Regex": "a+b"}, "content": "b"},
                "added_tokens": [added("a" * 1001)],
            },
            "added_tokens has one of more than 1,000 characters",
        ),
    ],
    ids=range(13),
)
def test_a_setting_out_of_bounds_is_refused_with_its_key(saved, changes, message):
    assert_refused(saved(bert_document(**changes)), message)


def test_templates_of_usual_size_are_not_refused(saved):
    path = saved(bert_document(post_processor=template([END, TEXT_A, END, END])))
    assert len(find_tokenizer(path).encode(TEXT).ids) == 6


def test_a_template_of_more_pieces_than_ids_is_refused_after_it_ran(saved, monkeypatch):
    """Should an inspection miss it: numbers that differ are no crash."""
    monkeypatch.setattr(limited_tokenizer, "check_templates", list)
    path = saved(bert_document(post_processor=template([TEXT_A, END], [2, 2, 2], ["[SEP]"])))
    assert_refused(path, "its post-processor returns 6 ids, but 4 pieces and")


def test_a_token_of_a_text_that_does_not_exist_is_refused(saved):
    class Library:
        def encode(self, *texts):
            return self

        ids, tokens, offsets, special_tokens_mask = [3], ["the"], [(0, 3)], [0]
        sequence_ids, type_ids, word_ids = [None], [7], [0]

    tokenizer = find_tokenizer(saved(bert_document()))
    broken = type(tokenizer)("x", "", lambda texts: Library())
    with pytest.raises(InvalidInputError, match="puts the token 'the' into text 7"):
        broken.encode("the")


@pytest.mark.parametrize("value", [1, 0.5, True, {"a": 1}, "a"])
def test_added_tokens_should_be_a_list(saved, value):
    assert_refused(saved(bert_document(added_tokens=value)), "added_tokens should be a list")


@pytest.mark.parametrize("version", ["\x1b[31m", "\n", "\u202e", "é" * 5000])
def test_a_message_of_the_library_is_one_short_printable_line(saved, version):
    with pytest.raises(InvalidInputError, match="Unknown tokenizer version") as caught:
        find_tokenizer(saved(bert_document(version=version)))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400
