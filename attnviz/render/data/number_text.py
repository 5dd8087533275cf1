"""Text of many numbers at once: what json.dumps writes, several times as fast.

A number of at most nine digits is an integer over a power of ten. Sign, exponent and number of
digits choose one of a few forms, such as "0.000ddd" or "d.de-07"; the digits are added to it. A
form has 24 characters: three integers of eight bytes, to which digits are added by table.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.render.data.decimals import shortest_decimals
from attnviz.render.data.shortest_digits import N_DIGIT, TENS, Digits, shortest_digits

N_EXPONENT = 12  # from 0.1 to 1e-12; Python writes an exponent from 1e-05 on
N_FIXED = 4
POWERS = 1 / TENS[N_EXPONENT:0:-1]  # 1e-12 to 0.1
FORM = "[-0.000d.dddddddde-00],"  # all characters that a number may need
MAX_LEFT = 0.05  # of the numbers of a block; with more, all are written one by one
WORD = 8  # bytes of an integer; a form fills three
OPEN, FIRST, REST, CLOSE = 0, FORM.index("d"), FORM.index("d.") + 2, FORM.index("]")


class RowTexts(NamedTuple):
    """Rows as text: "[0.5,0.25],[1.0,0.0],"; `ends` are the lengths up to each row's comma."""

    text: bytes
    ends: IntArray

    def slice(self, start: int, stop: int) -> bytes:
        """The text of some rows, without a comma after the last."""
        return self.text[self.ends[start - 1] if start else 0 : self.ends[stop - 1] - 1]


def row_texts(rows: FloatArray) -> RowTexts:
    """Rows as lists in JSON, each number as Python writes it.    [row, column]

    Those of float32 are written as the shortest decimals that read back as the same float32.
    """
    characters, lengths, is_left = form_characters(rows.reshape(-1))
    left = np.flatnonzero(is_left)
    if not rows.size or len(left) > MAX_LEFT * rows.size:
        return json_rows(rows)
    texts = [json.dumps(number).encode() for number in as_float64(rows.flat[left]).tolist()]
    if max(map(len, texts), default=0) > CLOSE - 1:
        return json_rows(rows)
    padded = b"".join(text.ljust(CLOSE - 1, b"\0") for text in texts)
    characters[left, OPEN + 1 : CLOSE] = np.frombuffer(padded, np.uint8).reshape(-1, CLOSE - 1)
    lengths[left] = [len(text) + 1 for text in texts]
    characters = characters.reshape(*rows.shape, -1)
    characters[:, 0, OPEN], characters[:, -1, CLOSE] = ord("["), ord("]")
    text = characters.tobytes().translate(None, b"\0")
    return RowTexts(text, np.cumsum(lengths.reshape(rows.shape).sum(axis=1) + 2))


def json_rows(rows: FloatArray) -> RowTexts:
    """The same, written number by number."""
    lines = [
        json.dumps(row, separators=(",", ":")).encode() + b"," for row in as_float64(rows).tolist()
    ]
    return RowTexts(b"".join(lines), np.cumsum([len(line) for line in lines]))


def as_float64(numbers: FloatArray) -> FloatArray:
    """The float64 that Python writes: of a float32, its shortest decimal.    [...] -> [...]"""
    return shortest_decimals(numbers) if numbers.dtype == np.float32 else numbers


def form_characters(numbers: FloatArray) -> tuple[IntArray, IntArray, BoolArray]:
    """The characters of numbers and a comma, 0 where there is none; how many there are.

    And which numbers have no form: neither 0 nor 1, nor of at most nine digits from 1e-12 to 1.

    Shapes: [number] -> [number, character], [number], [number]
    """
    size = np.abs(numbers)
    is_short, is_one = (size >= POWERS[0]) & (size < 1), size == 1
    has_form = is_short | is_one | (size == 0)
    size[~is_short] = 0.5
    digits = shortest_digits(size) if size.dtype == np.float32 else nine_digits(size)
    is_negative = numbers < 0 if size.dtype == np.float32 else np.signbit(numbers)
    code = ((-1 - digits.exponent) * N_DIGIT + digits.n_digit - 1) * 2 + is_negative
    high, middle, low = split_thirds(digits.digits)
    (first, second, third), lengths = forms()
    of_high, of_middle, of_low = third_words()
    words = np.empty((len(numbers), 3), np.uint64)
    np.add(first.take(code), of_high[0].take(high), out=words[:, 0])
    rest = second.take(code)
    for table, part in ((of_high, high), (of_middle, middle), (of_low, low)):
        rest += table[1].take(part)
    words[:, 1] = rest
    np.add(third.take(code), of_low[2].take(low), out=words[:, 2])
    characters = words.view(np.uint8)
    if not is_short.all():  # 0.0 and 1.0 have the form of 0.5
        characters[~is_short, FIRST] = ord("0")
        characters[is_one, FORM.index("0")] = ord("1")
    return characters, lengths.take(code), np.logical_not(has_form & digits.is_exact)


def nine_digits(size: FloatArray) -> Digits:
    """The digits of float64 numbers from 1e-12 to below 1.    [...] -> [...]"""
    exponent = POWERS.searchsorted(size, "right") - (N_EXPONENT + 1)
    scale = TENS.take(N_DIGIT - 1 - exponent)
    digits = np.rint(size * scale).astype(np.uint32)
    high, middle, low = split_thirds(digits)
    lengths = third_lengths()
    n_digit = np.where(low > 0, 6 + lengths.take(low), 3 + lengths.take(middle))
    n_digit = np.where(n_digit > 3, n_digit, lengths.take(high))
    return Digits(digits, exponent, n_digit, digits / scale == size)


def split_thirds(digits: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """The first, middle and last three of nine digits.    [...] -> each [...]"""
    thousands, low = np.divmod(digits, np.uint32(1000))
    high, middle = np.divmod(thousands, np.uint32(1000))
    return high, middle, low


@cache
def third_lengths() -> IntArray:
    """How many of 0 to 999's three digits there are up to the last that is not 0.    [1000]"""
    return np.array([len(f"{number:03}".rstrip("0")) for number in range(1000)])


@cache
def third_words() -> IntArray:
    """The first, middle or last three of nine digits, to be added to the words of a form.

    Shapes: -> [third, word, 1000]
    """
    digits = np.array([list(map(int, f"{number:03}")) for number in range(1000)], np.uint8)
    thirds = np.zeros((3, 1000, 3 * WORD), np.uint8)
    thirds[0][:, [FIRST, REST, REST + 1]] = digits
    thirds[1][:, REST + 2 : REST + 5] = thirds[2][:, REST + 5 : REST + 8] = digits
    return words_of(thirds)


@cache
def forms() -> tuple[IntArray, IntArray]:
    """The words of FORM that numbers need, by exponent, number of digits, and sign; their lengths.

    Shapes: -> [word, exponent * digits * 2], [exponent * digits * 2]
    """
    rows = np.zeros((N_EXPONENT, N_DIGIT, 2, 3 * WORD), np.uint8)
    for below in range(N_EXPONENT):
        for n_digit in range(1, N_DIGIT + 1):
            for sign in range(2):
                form = number_form(below, n_digit, "-" if sign else " ")
                rows[below, n_digit - 1, sign, : len(FORM)] = list(
                    form.replace(" ", "\0").encode()
                )
    flat = rows.reshape(-1, 3 * WORD)
    return words_of(flat), np.count_nonzero(flat, axis=-1)


def words_of(characters: IntArray) -> IntArray:
    """Characters as integers of eight bytes.    [..., n, character] -> [..., word, n]"""
    return np.ascontiguousarray(characters.view(np.uint64).swapaxes(-1, -2))


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
