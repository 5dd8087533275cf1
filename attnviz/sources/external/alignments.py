"""Word alignments of translators: each target word looks at source words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import LONGEST, Found
from attnviz.sources.external.safe_read import brief, text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.token_lists import tokens_of

PAIR = re.compile(r"([0-9]{1,6})[-p]([0-9]{1,6})")
FAIRSEQ = re.compile(r"([SHA])-([0-9]{1,9})\t(.*)")
BAR = " ||| "
MOST = 1 << 26  # words times words
END = "</s>"


def fairseq(data: bytes, wish: Wish) -> Found:
    """Lines S- (source), H- (hypothesis) and A- (alignment) of one number.

    The first hypothesis of a sentence counts.
    """
    kept: dict[tuple[str, int], str] = {}
    for line in text_of(data).split("\n"):
        match = FAIRSEQ.fullmatch(line.removesuffix("\r"))
        if match:
            kept.setdefault((match[1], int(match[2])), match[3])
    numbers = sorted(number for kind, number in kept if kind == "A")
    if not numbers:
        raise InvalidInputError("there is no line A- with a number that is read")
    place, guessed = wish.numbered(numbers, "sentence")
    number = numbers[place]
    source = kept.get(("S", number))
    said = kept.get(("H", number))
    target = None if said is None else said.partition("\t")[2]
    return aligned(kept["A", number], split(source), split(target), guessed)


def marian(data: bytes, wish: Wish) -> Found:
    """Lines of a translation, three bars and its alignment, hard or soft; n-best lists too."""
    return one_line(text_of(data), wish, "translation")


def pharaoh(data: bytes, wish: Wish) -> Found:
    """Lines of source-target pairs: 0-0 1-2."""
    return one_line(text_of(data), wish, "line")


def one_line(text: str, wish: Wish, what: str) -> Found:
    """The wanted line; the words of a translation, if it has one, come before the last bars."""
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    place, guessed = wish.numbered(range(len(lines)), what)
    *before, pairs = lines[place].split(BAR.rstrip())
    if len(before) > 2:  # an n-best list: number, translation, features…, score
        before = before[1:2]
    return aligned(pairs.strip(), None, split(before[0] if before else None), guessed)


def split(line: str | None) -> Tokens | None:
    """The words of a line."""
    return None if line is None else tokens_of(line.split())


def aligned(
    said: str, source: Tokens | None, target: Tokens | None, guessed: tuple[str, ...]
) -> Found:
    """An alignment as weights: 1 for each pair, or the probabilities that are written.

    Shapes: -> [query = target, key = source]
    """
    parts = said.split()
    pairs = [PAIR.fullmatch(part) for part in parts]
    if any(pairs) or not parts:
        weights = hard(said, pairs, len(target or ()), len(source or ()))
    else:
        weights = soft(parts)
    n_query, n_key = weights.shape
    if source is None:
        source = tokens_of([str(place) for place in range(n_key)])
        guessed = (*guessed, "no source words came with it: positions are shown")
    if target is None:
        target = tokens_of([str(place) for place in range(n_query)])
        guessed = (*guessed, "no target words came with it: positions are shown")
    return Found(
        weights=weights,
        axes="qk",
        queries=ended(target, n_query),
        keys=ended(source, n_key),
        guessed=guessed,
        picked=True,
    )


def hard(
    said: str, pairs: Sequence[re.Match[str] | None], n_query: int, n_key: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Source-target pairs.    -> [query, key]"""
    places = [(int(pair[2]), int(pair[1])) for pair in pairs if pair]
    if not places or len(places) < len(pairs):
        raise InvalidInputError(f"{said!r:.60} should be pairs of source and target: 0-0 1-2")
    n_query = max(n_query, *(query + 1 for query, _ in places))
    n_key = max(n_key, *(key + 1 for _, key in places))
    if max(n_query, n_key) > LONGEST or n_query * n_key > MOST:
        raise InvalidInputError(f"an alignment of {n_query:,} × {n_key:,} words is not read")
    weights = np.zeros((n_query, n_key))
    for place in places:
        weights[place] = 1.0
    return weights


def soft(parts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """For each target word, the probabilities of all source words.    -> [query, key]"""
    rows = [part.split(",") for part in parts]
    if len({len(row) for row in rows}) != 1:
        raise InvalidInputError("the lists of source probabilities differ in length")
    try:
        return np.array([list(map(float, row)) for row in rows])
    except ValueError as error:
        raise InvalidInputError(f"an alignment should hold numbers: {brief(error)}") from None


def ended(tokens: Tokens, n: int) -> Tokens:
    """The tokens, with the end of the sentence that translators align too but do not print."""
    return tokens + tokens_of([END]) if len(tokens) == n - 1 else tokens
