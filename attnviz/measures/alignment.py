"""Alignment of two maps of different texts: by position, or by the tokens that they share."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import select_tokens
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import MisuseError


def align_maps(
    before: AttentionMap, after: AttentionMap
) -> tuple[AttentionMap, AttentionMap, str | None]:
    """Two maps over the same queries and keys, and how they were aligned.

    Texts of equally many tokens are aligned by position: a token that differs is labelled with
    both, "cat/dog". Other texts keep the tokens that they share. None: the texts do not differ.

    Shapes: both [layer, head, query, key], of any tokens → the same tokens
    Raises MisuseError for texts of different lengths without a common token.
    """
    sides = (before.queries, after.queries), (before.keys, after.keys)
    if all(pieces(one) == pieces(other) for one, other in sides):
        return before, after, None
    if all(len(one) == len(other) for one, other in sides):
        queries, keys = (join_labels(one, other) for one, other in sides)
        n_changed = count_differences(*sides[0])
        counted = f"{n_changed} of {len(queries)} queries differ"
        if sides[0] != sides[1]:
            counted += f" and {count_differences(*sides[1])} of {len(keys)} keys"
        return (
            replace(before, queries=queries, keys=keys),
            replace(after, queries=queries, keys=keys),
            f"aligned by position, {counted}",
        )
    n_query, n_key = ((len(one), len(other)) for one, other in sides)
    before, after = keep_shared_tokens(before, after)
    how = (
        f"aligned by common tokens: {len(before.queries)} queries (of {n_query[0]} and "
        f"{n_query[1]}), {len(before.keys)} keys (of {n_key[0]} and {n_key[1]})"
    )
    return before, after, how


def pieces(tokens: Tokens) -> list[str]:
    """The vocabulary entries of tokens."""
    return [token.piece for token in tokens]


def count_differences(one: Tokens, other: Tokens) -> int:
    """The number of positions at which the tokens of two texts of one length differ."""
    return sum(a != b for a, b in zip(pieces(one), pieces(other), strict=True))


def join_labels(one: Tokens, other: Tokens) -> Tokens:
    """The tokens of two texts of one length; those that differ are labelled with both."""
    return tuple(
        a if a.piece == b.piece else replace(a, label=f"{a.label}/{b.label}")
        for a, b in zip(one, other, strict=True)
    )


def align_tokens(before: tuple[Token, ...], after: tuple[Token, ...]) -> list[tuple[int, int]]:
    """The positions of the tokens that both texts share, in order, as in a text diff."""
    blocks = SequenceMatcher(None, pieces(before), pieces(after), autojunk=False)
    return [
        (i + step, j + step) for i, j, size in blocks.get_matching_blocks() for step in range(size)
    ]


def keep_shared_tokens(
    before: AttentionMap, after: AttentionMap
) -> tuple[AttentionMap, AttentionMap]:
    """Both maps, restricted to the tokens that they share.

    Rows are not renormalized, so they may sum to less than 1; `meta["dropped"]` has the number
    of dropped queries and keys.

    Shapes: both [layer, head, query, key] → fewer queries and keys
    Raises MisuseError for texts without a common token.
    """
    queries, keys = (
        align_tokens(before.queries, after.queries),
        align_tokens(before.keys, after.keys),
    )
    if not queries or not keys:
        raise MisuseError("the two texts share no tokens; nothing to compare")
    first = select_tokens(before, [q for q, _ in queries], [k for k, _ in keys])
    return first, select_tokens(after, [q for _, q in queries], [k for _, k in keys])
