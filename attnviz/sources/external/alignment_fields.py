"""One alignment as text: pairs of positions, probabilities, or one position per target word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import LONGEST, check_budget, one_line_message

PAIR = re.compile(r"([0-9]{1,6})[-p]([0-9]{1,6})")
INDEX = re.compile(r"[0-9]{1,6}")
FEATURE = re.compile(r"[A-Za-z]\w{0,60}=")
MAX_CELLS = 1 << 24  # target words × source words: a short line may name far positions
BYTES_PER_CHARACTER = 80  # in memory, of an alignment that is split
BARS = "|||"
LEAST_OF_LIST = 4  # fields of an entry of an n-best list: number, text, features, score


def split_entry(line: str) -> tuple[int | None, str, str]:
    """The number in an n-best list (None outside of one), the text and the alignment of a line.

    Marian writes `text ||| alignment ||| WordScores= …`, and in an n-best list `number ||| text
    ||| alignment ||| features ||| score`; Moses writes the alignment last.
    Raises InvalidInputError where no field, or more than one, is an alignment.
    """
    check_size(line)
    fields = [field.strip() for field in line.split(BARS)]
    is_list = (
        len(fields) >= LEAST_OF_LIST
        and INDEX.fullmatch(fields[0]) is not None
        and any(map(is_feature, fields[2:]))
    )
    start = 1 if is_list else 0
    rest = [field for field in fields[start + 1 :] if not is_feature(field)]
    found = [field for field in rest if is_alignment(field)]
    if len(found) > 1:
        raise InvalidInputError(
            f"{found[0]!r:.40} and {found[1]!r:.40} may both be the alignment of the line"
        )
    others = [field for field in rest if not is_numeric(field.split())]
    if not found and is_list and not others:
        raise InvalidInputError(
            "the n-best list has no alignment; see `marian-decoder --alignment hard`"
        )
    alignment = found[0] if found else (others or rest or fields)[-1]
    return int(fields[0]) if is_list else None, fields[start], alignment


def is_alignment(field: str) -> bool:
    """Whether a field is all pairs, or all lists of probabilities of several words."""
    parts = field.split()
    return bool(parts) and (
        all(PAIR.fullmatch(part) for part in parts) or all("," in part for part in parts)
    )


def is_feature(field: str) -> bool:
    """Whether a field holds scores by name: F0= -0.35, or LM0= -3.2 WordPenalty0= -2."""
    parts = field.split()
    return bool(parts) and bool(FEATURE.fullmatch(parts[0])) and is_numeric(parts)


def is_numeric(parts: Sequence[str]) -> bool:
    """Whether parts are numbers, some of which may have names before them."""
    try:
        return bool([float(part) for part in parts if not FEATURE.fullmatch(part)])
    except ValueError:
        return False


def check_size(line: str) -> None:
    """Refuse a line that would take too much memory when it is split."""
    check_budget(BYTES_PER_CHARACTER * len(line), f"an alignment of {len(line):,} characters")


def parse_alignment(alignment: str, *, has_indices: bool = False) -> tuple[FloatArray, bool]:
    """The weights of an alignment, and whether its axes may be longer: unaligned words.

    1 per pair, or the probabilities of a soft alignment. `has_indices`: whole numbers are the
    aligned source position of each target word.
    Shapes: -> [query = target, key = source]
    """
    check_size(alignment)
    parts = alignment.split()
    pairs = [PAIR.fullmatch(part) for part in parts]
    if any(pairs) or not parts:
        if not parts or not all(pairs):
            raise InvalidInputError(
                f"{alignment!r:.60} should be source-target pairs such as 0-0 1-2"
            )
        return fill_pairs([(int(pair[2]), int(pair[1])) for pair in pairs if pair]), True
    if has_indices and all(INDEX.fullmatch(part) for part in parts):
        return fill_pairs([(row, int(part)) for row, part in enumerate(parts)]), True
    if is_numeric(parts):
        raise InvalidInputError(
            f"{alignment!r:.60} may be scores, the source position of each target word, or the "
            "weights of a source of one word; print pairs (0-0) or lists (0.5,0.5) instead"
        )
    return parse_soft(parts), False


def fill_pairs(cells: Sequence[tuple[int, int]]) -> FloatArray:
    """Weight 1 for each pair of target and source positions.    -> [query, key]"""
    n_query = max(query + 1 for query, _ in cells)
    n_key = max(key + 1 for _, key in cells)
    if max(n_query, n_key) > LONGEST or n_query * n_key > MAX_CELLS:
        raise InvalidInputError(f"an alignment of {n_query:,} × {n_key:,} words is too large")
    weights = np.zeros((n_query, n_key))
    for cell in cells:
        weights[cell] = 1.0
    return weights


def parse_soft(parts: Sequence[str]) -> FloatArray:
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
