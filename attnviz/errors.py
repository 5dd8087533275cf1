"""Errors, each with the exit status of the command that raises it.

0 done · 1 external failure (file, model, network, disk, lost output) · 2 misuse ·
3 input that is not valid attention or not a readable model · 130 interrupted.
"""

from __future__ import annotations


class AttnvizError(Exception):
    """A problem that the user can act on: one line, and an exit status."""

    status = 1


class CouldNotError(AttnvizError):
    """An external failure: file, network, disk, missing extra."""

    status = 1


class MisuseError(AttnvizError):
    """An invalid request: an option, a name, a combination."""

    status = 2


class UnknownNameError(MisuseError):
    """A name that is in no table."""


class ShapeError(MisuseError):
    """Arrays whose shapes do not match."""


class RenamedError(MisuseError, AttributeError):
    """A name of an older version; the message states the current one."""


class GrammarError(MisuseError):
    """An expression that cannot be parsed; the message points at the character."""


class InvalidInputError(AttnvizError):
    """Input that is not valid attention, or not a model that can be read."""

    status = 3


class NumbersError(InvalidInputError):
    """Numbers that attention cannot be computed from: NaN or +inf that is not masked."""


class AttnvizWarning(UserWarning):
    """A remark on a result; the command line prints it as a note."""


def missing_package(purpose: str, package: str, extra: str) -> CouldNotError:
    """The error for an optional package that is not installed, with the command to install it.

    >>> print(missing_package("reading a model", "safetensors", "models"))
    reading a model needs the safetensors package: pip install 'attnviz[models]'
    """
    return CouldNotError(f"{purpose} needs the {package} package: pip install 'attnviz[{extra}]'")
