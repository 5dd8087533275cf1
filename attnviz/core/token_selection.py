"""Selection of tokens: by position, by range of positions, or by word.

3   -1   0-5   -3--1   cat   cat,mat,0-2   \\,
"""

from __future__ import annotations

import re
from collections.abc import Collection
from numbers import Integral

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import select_positions
from attnviz.core.tokens import Tokens
from attnviz.core.words import group_words, merge_tokens
from attnviz.errors import MisuseError

TokenSelector = int | str | Collection[int | str] | None  # None: all tokens
RANGE = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9}))?")
ITEM = re.compile(r"(?:\\.|[^,\\])+")


def select_queries_and_keys(
    amap: AttentionMap, queries: TokenSelector = None, keys: TokenSelector = None
) -> AttentionMap:
    """The map of some queries and keys; weights are not renormalized.

    Shapes: [layer, head, query, key] → fewer queries and keys
    Raises MisuseError for a token that the text lacks, and for a pooled map.
    """
    if queries is None and keys is None:
        return amap
    if "pooled" in amap.meta:
        raise MisuseError("tokens of a pooled map cannot be selected; add --pool 0")
    return select_positions(
        amap,
        find_tokens(queries, amap.queries, "queries"),
        find_tokens(keys, amap.keys, "keys"),
    )


def find_tokens(selector: TokenSelector, tokens: Tokens, side: str) -> list[int]:
    """The positions of the selected tokens, in the order of the text; None selects all.

    A word selects every occurrence, with all its pieces. `side` is "queries" or "keys".
    Raises MisuseError for a position, range or word that there is not.
    """
    if selector is None:
        return list(range(len(tokens)))
    chosen: set[int] = set()
    for item in split_selector(selector, side):
        chosen.update(find_item(item, tokens, side))
    return sorted(chosen)


def split_selector(selector: TokenSelector, side: str) -> list[str]:
    """The items of a selector as text; a backslash quotes a comma or a digit."""
    if isinstance(selector, str):
        items = [item.strip() for item in ITEM.findall(selector)]
    else:
        entries = list(selector) if isinstance(selector, Collection) else [selector]
        for entry in entries:
            if isinstance(entry, bool) or not isinstance(entry, str | Integral):
                raise MisuseError(f"--{side}: {entry!r:.80} is neither a position nor a word")
        items = [str(entry).strip() for entry in entries]
    if not items or "" in items:
        raise MisuseError(f"--{side} {selector!r:.80} has an empty entry; leave it out for all")
    return items


def find_item(item: str, tokens: Tokens, side: str) -> range | list[int]:
    """The positions that one item stands for."""
    match = RANGE.fullmatch(item)
    if match is None:
        word = item.replace("\\", "")
        found = find_word(word, tokens)
        if not found:
            present = " ".join(f"{i}:{token.label}" for i, token in enumerate(tokens[:20]))
            raise MisuseError(f"--{side}: there is no token {word!r}; there are {present}")
        return found
    first, last = int(match[1]), int(match[2] or match[1])
    low, high = (end + len(tokens) if end < 0 else end for end in (first, last))
    if not 0 <= low <= high < len(tokens):
        raise MisuseError(
            f"--{side} {item}: the positions are 0 to {len(tokens) - 1}, or -{len(tokens)} to -1 "
            "from the end"
        )
    return range(low, high + 1)


def find_word(word: str, tokens: Tokens) -> list[int]:
    """The positions of all tokens and words with this text; none where there is no such text."""
    found = [i for i, token in enumerate(tokens) if word in (token.label, token.piece)]
    for group in group_words(tokens):
        if merge_tokens([tokens[i] for i in group]).label == word:
            found += group
    return found
