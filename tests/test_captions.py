"""A line about each head, whatever its rows are."""

import numpy as np
import pytest

from attnviz.api.captions import captions
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token

WORDS = tuple(map(Token.of, ("The", "\x1bcat")))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1.0, 0.0], [0.5, 0.5]], "strongest The → The 1.00 · entropy 0.50 of 1.00 bits"),
        ([[0.0, 0.0], [0.0, 1.0]], "strongest ␛cat → ␛cat 1.00 · entropy 0.00 of 1.00 bits"),
        ([[0.9, 0.8], [0.1, 0.2]], "strongest The → The 0.90"),  # gates: no shares
        ([[0.5, -0.75], [0.0, 0.0]], "strongest The → ␛cat -0.75"),
        ([[0.0, 0.0], [0.0, 0.0]], "looks at nothing"),
    ],
)
def test_it_says_what_is_true(rows, expected):
    amap = AttentionMap(WORDS, WORDS, np.array([[rows]]), layers=(3,), heads=(5,))
    assert captions(amap) == {(3, 5): expected}
