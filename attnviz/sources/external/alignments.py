"""Word alignments of translation programs: target words attend to source words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.token_lists import make_tokens, split_words
from attnviz.sources.safe_read import LONGEST, check_budget, decode_text, one_line_message

PAIR = re.compile(r"([0-9]{1,6})[-p]([0-9]{1,6})")
FAIRSEQ = re.compile(r"([SHA])-([0-9]{1,9})\t(.*)")
BAR = " ||| "
MAX_CELLS = 1 << 24  # target words × source words: a short line may name far positions
BYTES_PER_LINE, BYTES_PER_RECORD = 80, 250  # in memory, of a line and of one of fairseq
BYTES_PER_CHARACTER = 80  # in memory, of an alignment that is split
END = "</s>"


def read_fairseq(data: bytes, selection: Selection) -> RawAttention:
    """fairseq-generate output: lines S- (source), H- (hypothesis), A- (alignment) of one sentence.

    Of several hypotheses the first is read.
    """
    lines: dict[tuple[str, int], str] = {}
    for line in split_lines(decode_text(data), BYTES_PER_RECORD):
        match = FAIRSEQ.fullmatch(line)
        if match:
            lines.setdefault((match[1], int(match[2])), match[3])
    numbers = sorted(number for kind, number in lines if kind == "A")
    if not numbers:
        raise InvalidInputError("no alignment line (A-N) found")
    index, guesses = selection.choose_index(numbers, "sentence")
    number = numbers[index]
    source = lines.get(("S", number))
    hypothesis = lines.get(("H", number))  # score TAB words
    target = None if hypothesis is None else hypothesis.partition("\t")[2]
    return parse_alignment(lines["A", number], parse_words(source), parse_words(target), guesses)


def read_marian(data: bytes, selection: Selection) -> RawAttention:
    """marian-decoder output: translation ||| alignment, hard or soft; also n-best lists."""
    return read_line(decode_text(data), selection, "translation")


def read_pharaoh(data: bytes, selection: Selection) -> RawAttention:
    """Pharaoh format: lines of source-target pairs such as 0-0 1-2."""
    return read_line(decode_text(data), selection, "line")


def read_line(text: str, selection: Selection, what: str) -> RawAttention:
    """The selected line: an alignment, after the bars of a translation if there is one."""
    lines = split_lines(text)
    index, guesses = selection.choose_index(range(len(lines)), what)
    *fields, pairs = lines[index].split(BAR.rstrip())
    if len(fields) > 2:  # an n-best list: number, translation, features…, score
        fields = fields[1:2]
    target = parse_words(fields[0] if fields else None)
    return parse_alignment(pairs.strip(), None, target, guesses)


def split_lines(text: str, n_byte: int = BYTES_PER_LINE) -> list[str]:
    """The lines of a text, each of which may take `n_byte` bytes in memory."""
    n_line = text.count("\n") + 1
    check_budget(n_byte * n_line, f"a text of {n_line:,} lines")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def parse_words(line: str | None) -> Tokens | None:
    """The words of a line as tokens."""
    return None if line is None else make_tokens(split_words(line))


def parse_alignment(
    alignment: str, source: Tokens | None, target: Tokens | None, guesses: tuple[str, ...]
) -> RawAttention:
    """An alignment as weights: 1 per pair, or the probabilities of a soft alignment.

    Shapes: -> [query = target, key = source]
    """
    check_budget(
        BYTES_PER_CHARACTER * len(alignment), f"an alignment of {len(alignment):,} characters"
    )
    parts = alignment.split()
    pairs = [PAIR.fullmatch(part) for part in parts]
    if any(pairs) or not parts:
        weights = parse_hard(alignment, pairs, len(target or ()), len(source or ()))
    else:
        weights = parse_soft(parts)
    n_query, n_key = weights.shape
    if source is None:
        source = make_tokens([str(position) for position in range(n_key)])
        guesses = (*guesses, "file has no source words; showing positions")
    if target is None:
        target = make_tokens([str(position) for position in range(n_query)])
        guesses = (*guesses, "file has no target words; showing positions")
    return RawAttention(
        weights=weights,
        axes="qk",
        queries=append_end(target, n_query),
        keys=append_end(source, n_key),
        guesses=guesses,
        is_single=True,
    )


def parse_hard(
    alignment: str, pairs: Sequence[re.Match[str] | None], n_query: int, n_key: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Weight 1 for each source-target pair.    -> [query, key]"""
    cells = [(int(pair[2]), int(pair[1])) for pair in pairs if pair]
    if not cells or len(cells) < len(pairs):
        raise InvalidInputError(f"{alignment!r:.60} should be source-target pairs such as 0-0 1-2")
    n_query = max(n_query, *(query + 1 for query, _ in cells))
    n_key = max(n_key, *(key + 1 for _, key in cells))
    if max(n_query, n_key) > LONGEST or n_query * n_key > MAX_CELLS:
        raise InvalidInputError(f"an alignment of {n_query:,} × {n_key:,} words is too large")
    weights = np.zeros((n_query, n_key))
    for cell in cells:
        weights[cell] = 1.0
    return weights


def parse_soft(parts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The probabilities of all source words, per target word.    -> [query, key]"""
    rows = [part.split(",") for part in parts]
    if len({len(row) for row in rows}) != 1:
        raise InvalidInputError("the lists of source probabilities differ in length")
    try:
        return np.array([list(map(float, row)) for row in rows])
    except ValueError as error:
        raise InvalidInputError(
            f"an alignment should hold numbers: {one_line_message(error)}"
        ) from None


def append_end(tokens: Tokens, n: int) -> Tokens:
    """The tokens, with the end-of-sentence token that is aligned but not printed."""
    return tokens + make_tokens([END]) if len(tokens) == n - 1 else tokens
