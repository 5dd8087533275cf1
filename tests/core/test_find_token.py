"""A token is found by its text, its position, or both."""

import pytest

from attnviz.core.tokens import Token, find_token
from attnviz.errors import AttnvizWarning, MisuseError

TOKENS = tuple(map(Token.of, ("the", "cat", "the", "7")))


@pytest.mark.parametrize(
    ("name", "position"),
    [("cat", 1), ("2", 2), ("the (2)", 2), ("0:the", 0), ("7", 3), (" cat ", 1)],
)
def test_a_token_is_found(name, position):
    assert find_token(name, TOKENS, "query") == position


def test_of_several_tokens_the_first_is_taken_and_the_others_are_stated():
    with pytest.warns(AttnvizWarning, match="query 'the' is at position 0, and at 2"):
        assert find_token("the", TOKENS, "query") == 0


@pytest.mark.parametrize("name", ["dog", "9", "cat (2)", "2:cat", ""])
def test_an_unknown_token_is_refused(name):
    with pytest.raises(MisuseError, match="there is no query"):
        find_token(name, TOKENS, "query")
