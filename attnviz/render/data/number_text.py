"""Text of many numbers at once: what json.dumps writes, several times as fast.

A number of at most nine digits is an integer over a power of ten. Sign, exponent and number of
digits choose one of a few forms, such as "0.000ddd" or "d.de-07"; the digits are added to it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.render.data.decimals import TENS

N_DIGIT = 9  # of a float32
N_EXPONENT = 12  # from 0.1 to 1e-12; Python writes an exponent from 1e-05 on
N_FIXED = 4
POWERS = 1 / TENS[N_EXPONENT:0:-1]  # 1e-12 to 0.1
FORM = "[-0.000d.dddddddde-00],"  # all characters that a number may need
OPEN, FIRST, REST, CLOSE = 0, FORM.index("d"), FORM.index("d.") + 2, FORM.index("]")


class RowTexts(NamedTuple):
    """Rows as text: "[0.5,0.25],[1.0,0.0],"; `ends` are the lengths up to each row's comma."""

    text: bytes
    ends: IntArray

    def slice(self, start: int, stop: int) -> bytes:
        """The text of some rows, without a comma after the last."""
        return self.text[self.ends[start - 1] if start else 0 : self.ends[stop - 1] - 1]


def row_texts(rows: FloatArray) -> RowTexts:
    """Rows of float64 as lists in JSON, each number as Python writes it.    [row, column]"""
    characters = characters_of(rows)
    if characters is None:
        texts = [json.dumps(row, separators=(",", ":")).encode() + b"," for row in rows.tolist()]
        return RowTexts(b"".join(texts), np.cumsum([len(text) for text in texts]))
    n_character = np.count_nonzero(characters.reshape(len(rows), -1), axis=1)
    return RowTexts(characters.tobytes().translate(None, b"\0"), np.cumsum(n_character))


def characters_of(rows: FloatArray) -> IntArray | None:
    """The characters of each number in the columns of FORM, 0 where it has none.

    None where a number is neither 0 nor of at most nine digits between 1e-12 and 1.

    Shapes: [row, column] -> [row, column, character]
    """
    size = np.abs(rows)
    is_zero, is_one = size == 0, size == 1
    is_short = (size >= POWERS[0]) & (size < 1)
    if not rows.size or not (is_zero | is_one | is_short).all():
        return None
    size[~is_short] = 0.5
    exponent, digits = split_numbers(size)
    if (digits / TENS.take(N_DIGIT - 1 - exponent) != size).any():
        return None
    thousands, low = np.divmod(digits, 1000)
    high, middle = np.divmod(thousands, 1000)
    thirds, lengths = digit_characters()
    n_digit = np.where(low > 0, 6 + lengths.take(low), 3 + lengths.take(middle))
    n_digit = np.where(n_digit > 3, n_digit, lengths.take(high))
    code = ((-1 - exponent) * N_DIGIT + n_digit - 1) * 2 + np.signbit(rows)
    characters = forms().take(code, axis=0)
    for third, number in zip(thirds, (high, middle, low), strict=True):
        characters += third.take(number, axis=0)
    characters[~is_short, FIRST] = ord("0")  # 0.0 and 1.0 have the form of 0.5
    characters[is_one, FORM.index("0")] = ord("1")
    characters[:, 0, OPEN], characters[:, -1, CLOSE] = ord("["), ord("]")
    return characters


def split_numbers(size: FloatArray) -> tuple[IntArray, IntArray]:
    """Numbers between 1e-12 and 1 as decimal exponents and integers of nine digits.    [...]"""
    exponent = POWERS.searchsorted(size, "right") - (N_EXPONENT + 1)
    return exponent, np.rint(size * TENS.take(N_DIGIT - 1 - exponent)).astype(np.uint32)


@cache
def digit_characters() -> tuple[IntArray, IntArray]:
    """The first, middle or last three of nine digits, to be added to the characters of a form.

    And how many of 0 to 999's three digits there are up to the last that is not 0.

    Shapes: -> [third, 1000, character], [1000]
    """
    texts = [f"{number:03}" for number in range(1000)]
    digits = np.array([list(map(int, text)) for text in texts], np.uint8)
    thirds = np.zeros((3, 1000, len(FORM)), np.uint8)
    thirds[0][:, [FIRST, REST, REST + 1]] = digits
    thirds[1][:, REST + 2 : REST + 5] = thirds[2][:, REST + 5 : REST + 8] = digits
    return thirds, np.array([len(text.rstrip("0")) for text in texts])


@cache
def forms() -> IntArray:
    """The characters of FORM that numbers need, by exponent, number of digits, and sign.

    Shapes: -> [exponent * digits * 2, character]
    """
    rows = np.zeros((N_EXPONENT, N_DIGIT, 2, len(FORM)), np.uint8)
    for below in range(N_EXPONENT):
        for n_digit in range(1, N_DIGIT + 1):
            for sign in range(2):
                form = number_form(below, n_digit, "-" if sign else " ")
                rows[below, n_digit - 1, sign] = list(form.replace(" ", "\0").encode())
    return rows.reshape(-1, len(FORM))


def number_form(below: int, n_digit: int, sign: str) -> str:
    """FORM of a number: its digits are 0, and what it does not need is a space.

    `below` is 0 for numbers from 0.1 on, 1 for those from 0.01 on.
    """
    digits = "0" * n_digit
    if below < N_FIXED:
        start, point, exponent = "0." + "0" * below, " ", ""
    else:
        start, point, exponent = "", "." if n_digit > 1 else " ", f"e-{below + 1:02}"
    return f" {sign}{start:<5}{digits[0]}{point}{digits[1:]:<8}{exponent:<4} ,"
