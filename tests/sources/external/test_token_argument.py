"""Tokens given by the caller, for attention without tokens."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external import read
from tests.sources.external.ramp import ramp


@pytest.mark.parametrize(
    ("tokens", "queries", "keys"),
    [
        (list("abcde"), "de", "abcde"),
        ((list("xy"), list("abcde")), "xy", "abcde"),
        ((["x", Token.of("y")], list("abcde")), "xy", "abcde"),
    ],
)
def test_tokens_of_fewer_queries_than_keys(tokens, queries, keys):
    made = read(ramp(2, 5), tokens)
    assert "".join(token.label for token in made.queries) == queries
    assert "".join(token.label for token in made.keys) == keys


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        (list("abc"), "3 tokens for 5 positions of the query axis"),
        ((list("abcde"), list("ab")), "2 tokens for 5 positions of the key axis"),
        ("abcde", "list of strings"),
        ([1, 2, 3, 4, 5], "a token is 1"),
    ],
)
def test_tokens_that_do_not_fit_are_refused_with_both_numbers(tokens, reason):
    with pytest.raises(InvalidInputError, match=reason):
        read(ramp(2, 5, 5), tokens)


def test_marks_of_words_are_kept_but_not_shown():
    made = read(np.eye(4), ["Ġcat", "▁sat", "mat</w>", "▁"])
    assert [token.label for token in made.keys] == ["cat", "sat", "mat", "▁"]
    assert [token.piece for token in made.keys] == ["Ġcat", "▁sat", "mat</w>", "▁"]
