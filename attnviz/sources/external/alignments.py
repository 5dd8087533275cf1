"""Word alignments of translation programs: target words attend to source words."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.alignment_fields import check_size, parse_alignment, split_entry
from attnviz.sources.external.alignment_words import SentencePair
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.token_lists import make_tokens, split_words
from attnviz.sources.safe_read import check_budget, decode_text

FAIRSEQ = re.compile(r"([SHAP])-([0-9]{1,9})\t(.*)")
BAR, N_BAR = " ||| ", 4  # of the header of a Nematus matrix, at least
BYTES_PER_LINE, BYTES_PER_RECORD = 80, 250  # in memory, of a line and of one of fairseq
HIDDEN_SUBWORDS = (
    "the words were printed without the subwords that are aligned (P-{} has {} scores)"
)


def read_fairseq(data: bytes, selection: Selection) -> RawAttention:
    """fairseq-generate output: lines S- (source), H- (hypothesis), A- (alignment) of one sentence.

    An alignment of whole numbers has the source position of each target word, as older versions
    print it. Of several hypotheses the first is read.
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
    source = parse_words(lines.get(("S", number)))
    hypothesis = lines.get(("H", number))  # score TAB words
    target = parse_words(None if hypothesis is None else hypothesis.partition("\t")[2])
    alignment = lines["A", number]
    weights, grows = parse_alignment(alignment, has_indices=True)
    pair = SentencePair(
        source=source,
        target=target,
        line=number,
        ends="-" not in alignment,  # pairs leave out the end-of-sentence token
        grows=grows,
        unreliable=find_hidden_subwords(lines, number, target),
    )
    return RawAttention(weights=weights, axes="qk", pair=pair, guesses=guesses, is_single=True)


def find_hidden_subwords(
    lines: Mapping[tuple[str, int], str], number: int, target: Tokens | None
) -> str:
    """Why the words of a sentence are not its tokens: P- has a score per token and for the end."""
    scores = lines.get(("P", number))
    if scores is None or target is None or len(target) + 1 == (n := len(split_words(scores))):
        return ""
    return HIDDEN_SUBWORDS.format(number, n)


def read_marian(data: bytes, selection: Selection) -> RawAttention:
    """marian-decoder output: translation ||| alignment, hard or soft; also n-best lists."""
    lines = split_lines(decode_text(data))
    index, guesses = selection.choose_index(range(len(lines)), "translation")
    number, text, alignment = split_entry(lines[index])
    weights, grows = parse_alignment(alignment)
    pair = SentencePair(
        target=parse_words(text),
        line=index if number is None else number,
        n_line=len(lines) if number is None else None,
        ends=True,
        grows=grows,
    )
    return RawAttention(weights=weights, axes="qk", pair=pair, guesses=guesses, is_single=True)


def read_pharaoh(data: bytes, selection: Selection) -> RawAttention:
    """Pharaoh format: lines of source-target pairs such as 0-0 1-2; blank where none is aligned.

    Without a selection, the first line that is not blank.
    """
    lines = split_lines(decode_text(data))
    first = next(i for i, line in enumerate(lines) if line.strip())
    index, guesses = selection.choose_index(range(len(lines)), "line", default=first)
    line = lines[index]
    weights, _ = parse_alignment(line) if line.strip() else (np.zeros((0, 0)), True)
    pair = SentencePair(line=index, n_line=len(lines), grows=True)
    return RawAttention(weights=weights, axes="qk", pair=pair, guesses=guesses, is_single=True)


def read_nematus(data: bytes, selection: Selection) -> RawAttention:
    """Nematus matrices: number ||| target ||| score ||| source ||| sizes, then a row per word.

    Both sides end with the end-of-sentence token, which is not printed.
    """
    lines = split_lines(decode_text(data))
    heads = [i for i, line in enumerate(lines) if line.count(BAR) >= N_BAR]
    index, guesses = selection.choose_index(range(len(heads)), "sentence")
    start = heads[index]
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].strip()), len(lines))
    check_size("\n".join(lines[start:end]))
    number, target, _, source, *sizes = lines[start].split(BAR)
    words = parse_words(target) or (), parse_words(source) or ()
    try:
        line = int(number)
        weights = np.array([[float(n) for n in line.split()] for line in lines[start + 1 : end]])
        stated = {int(n) for n in " ".join(sizes).replace("|||", " ").split()}
    except ValueError:
        raise InvalidInputError(
            f"the matrix of sentence {number} is not rows of numbers"
        ) from None
    if set(weights.shape) != stated:
        raise InvalidInputError(
            f"the header of sentence {number} states the sizes {sorted(stated)}; the matrix has "
            f"shape {weights.shape}"
        )
    if weights.shape != tuple(len(side) + 1 for side in words) == weights.shape[::-1]:
        weights = weights.T
        guesses = (*guesses, "reading the matrix as one row per source word, which its size fits")
    pair = SentencePair(source=words[1], target=words[0], line=line, ends=True)
    return RawAttention(weights=weights, axes="qk", pair=pair, guesses=guesses, is_single=True)


def split_lines(text: str, n_byte: int = BYTES_PER_LINE) -> list[str]:
    """The lines of a text, each of which may take `n_byte` bytes in memory."""
    n_line = text.count("\n") + 1
    check_budget(n_byte * n_line, f"a text of {n_line:,} lines")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def parse_words(line: str | None) -> Tokens | None:
    """The words of a line as tokens."""
    return None if line is None else make_tokens(split_words(line))
