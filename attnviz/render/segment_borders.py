"""Segment borders: between the sentences of a pair, or a prompt and the generated text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from attnviz.core.tokens import Token


def find_borders(tokens: Sequence[Token]) -> tuple[int, ...]:
    """The positions at which a new segment begins.

    >>> find_borders([Token("a", "a"), Token("b", "b", segment=1), Token("c", "c", segment=1)])
    (1,)
    """
    return tuple(
        at for at, (one, next) in enumerate(pairwise(tokens), 1) if one.segment != next.segment
    )
