"""Request: the options of a batch that its numbers depend on, recorded for `--resume`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from attnviz.cli.options.look import LOOK
from attnviz.cli.options.parse import parse_temperature

REQUEST = "request"  # key of the metadata of a record
RESULT_OPTIONS = (
    *(name for group in LOOK for name in group),
    *(
        "context",
        "layer",
        "head",
        "segments",
        "with_qk",
        "pool",
        "pool_by",
        "precision",
        "predict",
        *("reduce", "contribution", "drop_special", "queries", "keys"),
    ),
)


def parse_request(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, by name; those that change no number are left out."""
    request = {
        name: options[name]
        for name in RESULT_OPTIONS
        if options.get(name) not in (None, False, [], ())
    }
    if "temperature" in request:  # typed as a list of numbers; a batch has one
        request["temperature"] = parse_temperature(request["temperature"])
    return request


def drop_run_options(command: str) -> str:
    """A command without the options that say how a batch runs, not what it writes.

    Pictures and pages state their command; a resumed run writes the bytes of an undisturbed one.

    >>> drop_run_options("attnviz -i in.txt -j 2 -o '{n}.svg' --resume")
    "attnviz -i in.txt -o '{n}.svg'"
    """
    words = shlex.split(command)
    end = words.index("--") if "--" in words else len(words)
    kept: list[str] = []
    remaining = iter(words[:end])
    for word in remaining:
        if word in ("-j", "--jobs"):
            next(remaining, None)
        elif word not in ("--resume", "--fail-fast") and not word.startswith(("-j", "--jobs=")):
            kept.append(word)
    return shlex.join([*kept, *words[end:]])


def describe_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Both values of the first option that differs; None where none does.

    >>> describe_difference({"pool": 8}, {"seed": 1})
    'it was written with --pool 8, this run has no --pool'
    """
    for name in [*before, *(name for name in now if name not in before)]:
        if before.get(name) != now.get(name):
            flag = "--" + name.replace("_", "-")
            old = f"with {describe(flag, before[name])}" if name in before else f"without {flag}"
            new = describe(flag, now[name]) if name in now else f"no {flag}"
            return f"it was written {old}, this run has {new}"
    return None


def describe(flag: str, value: Any) -> str:
    """An option as it is typed, short enough for a message."""
    if value is True:
        return flag
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = text if len(text) <= 80 else f"{text[:77]}…"
    return f"{flag} {text!r}" if isinstance(value, str) else f"{flag} {text}"
