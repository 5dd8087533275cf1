"""Errors, each with the exit status of the command that raises it.

0 done · 1 external failure (file, model, network, disk, lost output) · 2 misuse ·
3 input that is not valid attention or not a readable model · 4 attention that differs, or
violates a rule · 130 interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

NOT_PASSED = 4  # exit status of `diff` beyond a limit, and of `check` with violations
IS_COMMAND_LINE = ContextVar("IS_COMMAND_LINE", default=False)
OPTION = r"(`[^`]*`)|(?<![\w-])(?:-v|--([a-z][a-z-]*))(?: (-?\d[\w.,-]*|'[^']*'|N\b))?"
PARAMETERS = {  # of options whose parameters in Python have other names
    "layer": "select_layers",
    "head": "select_heads",
    "segments": "select_segments",
    "queries": "select_queries",
    "clusters": "at_most",
    "keys": "select_keys",
    "with-qk": "with_vectors",
    "no-caption": "show_captions",
    "set": "tunables",
}


@contextmanager
def command_line_messages() -> Iterator[None]:
    """Within this context, messages speak of options; elsewhere of parameters."""
    token = IS_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        IS_COMMAND_LINE.reset(token)


def name_parameters(message: str) -> str:
    """A message about options as one about the parameters of the functions in Python.

    >>> name_parameters("--kv-heads 3 should divide --heads; see `attnviz show --help`")
    'kv_heads=3 should divide heads; see `attnviz show --help`'
    """

    def rename(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        option = match[2] or "variant"
        name = PARAMETERS.get(option, option.replace("-", "_"))
        return f"{name}={match[3]}" if match[3] else name

    return re.compile(OPTION).sub(rename, message)


class AttnvizError(Exception):
    """A problem that the user can act on: one line, and an exit status.

    The message names options as they are typed; its text in Python names parameters.
    """

    status = 1

    def __str__(self) -> str:
        text = Exception.__str__(self)  # KeyError has a quoted one
        return text if IS_COMMAND_LINE.get() else name_parameters(text)


class CouldNotError(AttnvizError):
    """An external failure: file, network, disk, missing extra."""

    status = 1


class MisuseError(AttnvizError):
    """An invalid request: an option, a name, a combination."""

    status = 2


class UnknownNameError(MisuseError):
    """A name that is in no table."""


class UnknownKeyError(UnknownNameError, KeyError):
    """A key that a mapping, such as the catalogue, does not have."""


class UnknownParameterError(MisuseError, TypeError):
    """A keyword that the function does not have, or a value of another type."""


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

    def __str__(self) -> str:
        text = super().__str__()
        return text if IS_COMMAND_LINE.get() else name_parameters(text)


class GuessWarning(AttnvizWarning):
    """An assumption about the axes or tokens of attention that another program saved.

    The command line prints it from the metadata of the map.
    """


def missing_package(purpose: str, package: str, extra: str) -> CouldNotError:
    """The error for an optional package that is not installed, with the command to install it.

    >>> print(missing_package("reading a model", "safetensors", "models"))
    reading a model needs the safetensors package: pip install 'attnviz[models]'
    """
    return CouldNotError(f"{purpose} needs the {package} package: pip install 'attnviz[{extra}]'")
