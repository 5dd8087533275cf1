"""The letters of byte-level BPE: one printable character per byte."""

from __future__ import annotations

from functools import cache


def byte_letters() -> list[str]:
    """The letter that stands for each byte in byte-level BPE: itself where it is printable.

    >>> byte_letters()[65], byte_letters()[32]
    ('A', 'Ġ')
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (byte for byte in range(256) if byte not in printable)
    shifted = {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [shifted.get(byte, chr(byte)) for byte in range(256)]


@cache
def byte_of_letter() -> dict[str, int]:
    """The byte that each letter of byte-level BPE stands for."""
    return {letter: byte for byte, letter in enumerate(byte_letters())}


def letters_to_bytes(piece: str) -> bytes | None:
    """The bytes of a byte-level piece; None if it has other letters.

    >>> letters_to_bytes("ĠĊ"), letters_to_bytes("我")
    (b' \\n', None)
    """
    numbers = [byte_of_letter().get(letter) for letter in piece]
    return None if None in numbers else bytes(n for n in numbers if n is not None)
