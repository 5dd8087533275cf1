"""Words of an alignment: of its file, of two corpus files, or positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.external.token_lists import (
    check_count,
    make_tokens,
    position_tokens,
    split_words,
)

END = "</s>"
SIDES = (("query", "target"), ("key", "source"))


class TokenLines(tuple[Token, ...]):
    """The lines of a file of tokens, one token per line, or one sentence per line of a corpus."""

    lines: tuple[str, ...]
    name: str

    @classmethod
    def of(cls, lines: Sequence[str], name: str) -> TokenLines:
        """One token per line; the lines stay available."""
        check_count(len(lines), repr(name))
        result = cls(make_tokens(lines))
        result.lines, result.name = tuple(lines), name
        return result


class SentencePair(Record, kw_only=True):
    """What an alignment file states of one sentence pair.

    `line` is its number in a corpus, `n_line` the number of lines of that corpus, None if
    unknown. `ends`: the end-of-sentence token, which is not printed, may be aligned. `grows`:
    words after the last aligned one are not in the weights. `unreliable` is why the words of the
    file are not the positions of the alignment, if they are not.
    """

    source: Tokens | None = None
    target: Tokens | None = None
    line: int = 0
    n_line: int | None = None
    ends: bool = False
    grows: bool = False
    unreliable: str = ""


class NamedWeights(NamedTuple):
    """Weights with a word per row and column, and a sentence per assumption."""

    weights: FloatArray
    queries: Tokens
    keys: Tokens
    guesses: tuple[str, ...]


def name_words(
    weights: FloatArray, pair: SentencePair, given: Sequence[Tokens | None]
) -> NamedWeights:
    """The alignment with the words of both sides; unknown words are positions.

    `given` are the query and key tokens of the caller, None if there are none.
    Shapes: weights [query, key] -> [query, key], with rows and columns for unaligned words
    """
    guesses: tuple[str, ...] = ()
    sides: list[Tokens] = []
    own_words = (pair.target, pair.source)
    reason = next(filter(None, map(misfit, own_words, given, weights.shape, [pair] * 2)), "")
    for axis, ((side, name), own, tokens) in enumerate(zip(SIDES, own_words, given, strict=True)):
        n = weights.shape[axis]
        words = own if tokens is None and not reason else tokens
        if isinstance(words, TokenLines):
            words = choose_line(words, pair, n)
        if words is None:
            words = position_tokens(n)
            what = reason if own else f"file has no {name} words"
            guesses = (*guesses, f"{what}; showing positions (see --{side}-tokens)")
        words = append_end(words, n, pair)
        weights = pad_axis(weights, axis, len(words) - n) if pair.grows else weights
        sides.append(words)
    if 0 in weights.shape:
        raise InvalidInputError(
            f"line {pair.line} aligns no word; choose another line with --which, or give the "
            "words of both sides"
        )
    return NamedWeights(weights, sides[0], sides[1], guesses)


def append_end(words: Tokens, n: int, pair: SentencePair) -> Tokens:
    """The words, with the end-of-sentence token that is aligned but not printed."""
    return (*words, *make_tokens([END])) if pair.ends and len(words) == n - 1 else words


def misfit(own: Tokens | None, given: Tokens | None, n: int, pair: SentencePair) -> str:
    """Why the words of the file are not the `n` positions of an axis; "" if they are.

    Both sides are printed in the same way, so that one misfit makes both unreliable.
    """
    if own is None or given is not None:
        return ""
    n_word = len(append_end(own, n, pair))
    if n_word < n or (n_word > n and not pair.grows):
        return (
            f"{len(own)} words for {n} aligned positions: the words were printed without the "
            "subwords that are aligned"
        )
    return pair.unreliable


def choose_line(tokens: TokenLines, pair: SentencePair, n: int) -> Tokens:
    """The words of the sentence, from a file with one token or one sentence per line.

    Raises InvalidInputError where the lines do not correspond to those of the alignment, or may
    be read both ways.
    """
    n_line = len(tokens.lines)
    is_corpus = any(len(line.split(maxsplit=1)) > 1 for line in tokens.lines)
    fits_lines = n_line == pair.n_line or (pair.n_line is None and pair.line < n_line)
    if not is_corpus and not fits_lines:
        return tokens
    if not is_corpus and n_line in (n, n - pair.ends):
        raise InvalidInputError(
            f"{tokens.name!r} has {n_line} lines of one word, which may be the {n} words of line "
            f"{pair.line} or one sentence per line; give the words as a text"
        )
    if not fits_lines:
        expected = f"{pair.n_line}" if pair.n_line is not None else f"no line {pair.line}"
        raise InvalidInputError(
            f"{tokens.name!r} has {n_line} lines and the alignment {expected}; sentences should "
            "be on lines of the same number"
        )
    return make_tokens(split_words(tokens.lines[pair.line]))


def pad_axis(weights: FloatArray, axis: int, n: int) -> FloatArray:
    """Zeros for `n` words after the last aligned one.    [query, key] -> [query, key]"""
    widths: Any = [(0, 0), (0, 0)]
    widths[axis] = (0, max(n, 0))
    return np.pad(weights, widths)
