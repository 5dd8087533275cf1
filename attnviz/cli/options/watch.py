"""Options of `attnviz watch`, and where in its arguments the program to be run begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnviz.cli.options.files import FILE_TOKENS
from attnviz.cli.options.shared import DISPLAY, GENERAL, IN_OUT, SELECTION, WITH_QK
from attnviz.cli.options.spec import Group, Opt

PROGRAM = Group(
    "Program",
    {
        "module": Opt(
            "--module, -m",
            str,
            metavar="MODULE",
            help="Run a module as a script, as `python -m` does; what follows is its arguments.",
        ),
    },
)

RECORDING = Group(
    "What is recorded",
    {
        "modules": Opt(
            "--modules",
            str,
            metavar="NAMES",
            help="Modules of the model, e.g. 'encoder.*' or 'layers.0,layers.5'; * is any text.",
            default_text="all",
        ),
        "steps": Opt(
            "--steps",
            str,
            metavar="LIST",
            help="Calls of the model: 0,2-5, -1 for the last, -5--1 for the last five. The steps "
            "of a generation count as one.",
            default="-1",
        ),
        "every": Opt("--every", int, help="Record every Nth call only.", default=1),
        "items": Opt("--item", str, metavar="N", help="Item of the batch.", default="0"),
        "rows": Opt(
            "--rows", str, metavar="LIST", help="Query rows: 0-63, -1.", default_text="all"
        ),
        "pool": Opt("--pool", int, help="Record pooled maps of at most N × N cells."),
        "with_qk": WITH_QK,
        "max_memory": Opt(
            "--max-memory",
            str,
            metavar="SIZE",
            help="Memory that the recording may take, e.g. 500MB or 2GB.",
            default_text="a quarter of the machine's",
        ),
    },
)

WATCH = (PROGRAM, RECORDING, FILE_TOKENS, IN_OUT, SELECTION, DISPLAY, GENERAL)
NOT_OF_WATCH = ("input", "segments")


def mark_program(words: Sequence[str]) -> list[str]:
    """The arguments with -- before the program: what follows belongs to it.

    >>> mark_program(["watch", "-o", "a.html", "train.py", "--epochs", "1"])
    ['watch', '-o', 'a.html', '--', 'train.py', '--epochs', '1']
    >>> mark_program(["watch", "-m", "train", "--epochs", "1"])
    ['watch', '-m', 'train', '--', '--epochs', '1']
    """
    takes_value = dict(option_names())
    before: list[str] = []
    remaining = list(words)
    while remaining:
        word = remaining[0]
        is_option = word.startswith("-") and len(word) > 1
        if before and not is_option:
            return [*before, "--", *remaining]
        if word == "--":
            break
        before.append(remaining.pop(0))
        name, sign, _ = word.partition("=")
        is_attached = sign == "=" or (not word.startswith("--") and len(word) > 2)
        if takes_value.get(name if word.startswith("--") else word[:2]):
            if not is_attached and remaining:
                before.append(remaining.pop(0))
            if name == "--module" or word[:2] == "-m":
                return [*before, *([] if remaining[:1] == ["--"] else ["--"]), *remaining]
    return [*before, *remaining]


def option_names() -> Iterator[tuple[str, bool]]:
    """Every name of an option, and whether a value follows it."""
    for group in WATCH:
        for opt in group.options.values():
            for name in opt.names.replace("/", ", ").split(", "):
                yield name, opt.kind is not bool
