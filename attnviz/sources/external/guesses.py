"""Assumptions about a source, as sentences, and warnings of those that change a reading."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from attnviz.errors import GuessWarning


class Reading(str):
    """An assumption about axes or tokens: another reading has other numbers or labels."""


def warn_of_readings(guesses: Iterable[str]) -> None:
    """A GuessWarning at the caller of the public function, per assumption that is a reading."""
    for guess in guesses:
        if isinstance(guess, Reading):
            warnings.warn(guess, GuessWarning, stacklevel=3)
