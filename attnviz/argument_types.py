"""Checks of the types of arguments of public functions."""

from __future__ import annotations

from numbers import Integral, Real
from os import PathLike
from typing import Any

from attnviz.errors import UnknownParameterError

ACCEPTED: dict[type, tuple[type, ...]] = {  # types that count as one of these
    int: (Integral,),
    float: (Real,),
    str: (str, PathLike),
}
TYPE_NAMES: dict[type, str] = {str: "a text", int: "a whole number", float: "a number"}
TYPE_NAMES[bool] = "True or False"


def require_type(name: str, value: Any, *kinds: type) -> None:
    """Raise UnknownParameterError for a value that is neither None nor of one of these types.

    True and False are of type bool only.

    >>> require_type("seed", 3, int)
    >>> require_type("seed", "x", int)
    Traceback (most recent call last):
    attnviz.errors.UnknownParameterError: seed='x' should be a whole number
    """
    if value is None or (isinstance(value, bool) and bool in kinds):
        return
    accepted = tuple(one for kind in kinds for one in ACCEPTED.get(kind, (kind,)))
    if isinstance(value, bool) or not isinstance(value, accepted):
        expected = " or ".join(TYPE_NAMES.get(kind, f"of type {kind.__name__}") for kind in kinds)
        raise UnknownParameterError(f"{name}={abbreviate(value)} should be {expected}")


def require_given(name: str, value: Any, *kinds: type) -> None:
    """Raise UnknownParameterError as `require_type` does, for None too.

    >>> require_given("text", None, str)
    Traceback (most recent call last):
    attnviz.errors.UnknownParameterError: text=None should be a text
    """
    if value is None:
        expected = " or ".join(TYPE_NAMES.get(kind, f"of type {kind.__name__}") for kind in kinds)
        raise UnknownParameterError(f"{name}=None should be {expected}")
    require_type(name, value, *kinds)


def require_callable(name: str, value: Any) -> None:
    """Raise UnknownParameterError for a value that cannot be called."""
    if not callable(value):
        raise UnknownParameterError(f"{name}={abbreviate(value)} should be a function")


def require_pair(name: str, value: Any, *kinds: type, of: str) -> None:
    """Raise UnknownParameterError for anything but two values of these types.

    >>> require_pair("names", ("a", 3), str, of="texts")
    Traceback (most recent call last):
    attnviz.errors.UnknownParameterError: names=('a', 3) should be a pair of texts
    """
    try:
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise UnknownParameterError
        for entry in value:
            require_given(name, entry, *kinds)
    except UnknownParameterError:
        raise UnknownParameterError(
            f"{name}={abbreviate(value)} should be a pair of {of}"
        ) from None


def abbreviate(value: Any) -> str:
    """A value on one line of at most 80 characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
