"""Original indices: the numbers of the layers and heads of a map in what it was taken from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from numbers import Integral
from typing import Any

from attnviz.argument_types import abbreviate
from attnviz.errors import MisuseError, ShapeError, UnknownParameterError

Numbers = int | Collection[int] | None  # of layers or heads; None: all


def original_indices(given: Iterable[int], n: int, kind: str) -> tuple[int, ...]:
    """Original indices of n layers or heads: the given ones, or 0, 1, 2…"""
    indices = tuple(int(i) for i in given) or tuple(range(n))
    if len(indices) != n:
        raise ShapeError(f"{len(indices)} indices of {kind} for {n} {kind}")
    return indices


def indices_of(present: Sequence[int], selected: Numbers, kind: str) -> list[int]:
    """Indices of the selected numbers among those present; None selects all.

    Raises MisuseError for a number that is not present, and for an empty selection;
    UnknownParameterError for what is neither a number nor several.
    """
    if selected is None:
        return list(range(len(present)))
    numbers: Any = [selected] if isinstance(selected, Integral) else selected
    if not isinstance(numbers, Iterable) or isinstance(numbers, str):
        raise UnknownParameterError(
            f"{kind}s={abbreviate(numbers)} should be a number or several; isel({kind}=…) takes "
            f"slices, sel({kind}=…) texts"
        )
    numbers = list(numbers)
    if not numbers:
        raise MisuseError(f"--{kind} is empty; leave it out for every {kind}")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise UnknownParameterError(f"{kind} {abbreviate(number)} should be a whole number")
        if number not in present:
            raise MisuseError(missing_number(int(number), present, kind))
    return [present.index(number) for number in numbers]


def missing_number(number: int, present: Sequence[int], kind: str) -> str:
    """The message for a layer or head that is not present, with those that are.

    >>> missing_number(-4, range(3), "layer")
    'there is no layer -4; there are 0 to 2, or -3 to -1 from the end'
    >>> missing_number(3, [0], "layer")
    'there is no layer 3; the only one is 0'
    """
    count = len(present)
    is_range = count > 1 and list(present) == list(range(count))
    available = f"0 to {count - 1}" if is_range else ", ".join(map(str, present))
    if number < 0:
        available += f", or -{count} to -1 from the end"
    if count == 1:
        return f"there is no {kind} {number}; the only one is {present[0]}"
    return f"there is no {kind} {number}; there are {available}"
