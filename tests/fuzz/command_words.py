"""Random command lines: commands × options × values, from the options of the commands.

Most options have a valid value, some a value of another option, and some an odd text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from attnviz.cli.app import COMMANDS, build_app
from attnviz.cli.environment import Environment
from attnviz.cli.options.completion import format_names, palette_names, variant_names, view_names
from attnviz.core.registry import SLOTS, parts_for

MODELS = [
    str(Path(__file__).parents[1] / "models" / name)
    for name in ("gpt2", "bert", "t5", "marian", "deberta-v2", "bloom")
]
SENTENCES = ("The cat sat", "the cat sat on the mat", "a", "a b a b", "Ein Hund, 中文!")
ODD_TEXTS = (
    *("", " ", "\U0001f469\u200d\U0001f469\u200d\U0001f466", "\x1b[31m", "\x00", "\r\n\t"),
    *("x" * 3000, "word " * 300, "9" * 5000, "\udcff", "\u2028", "\u202eabc", "ﷺ"),
    *("-x", "--", "-", "--nosuch", "$HOME", "~", "~nosuch/x", "../..", ".", "/", "nosuch", "*"),
    *("{0.__class__}", "{", "%s%n", "[red]a[/]", "[/]", "\\", "'", '"', "a,b", "a=b", "=", "1"),
    *("nan", "1e999", "?", "NUL", "0"),
)
INTEGERS = ("0", "1", "2", "3", "4", "7", "-1", "00", "+2", "1_0", "4096", "1000000", "10" * 15)
REALS = ("0", "1", "0.5", "2", "-1", "1e-9", "1e9", "1e300", "-0.0", "1e-320", "inf", ".5")
LISTS = ("0", "1", "0,1", "0-1", "1-0", "2-", "-1", "*", "0,0", "0-999999999", "0.0", "0.*")
FILES = (
    "s.txt",
    "map.json",
    "map.npz",
    "map.csv",
    "map.html",
    "pairs.tsv",
    "t.txt",
    "tokenizer.json",
)
NOT_FILES = ("nosuch.json", "folder", "nosuch/x.json", "/dev/null", "-")
OUTPUTS = (
    "x.json",
    "x.jsonl",
    "x.csv",
    "x.tsv",
    "x.npz",
    "x.html",
    "x.txt",
    "x.svg",
    "x",
    "folder",
    "-",
)
BY_NAME = {
    "variant": (*variant_names(),),
    "format": (*format_names(), "nosuch"),
    "view": (*view_names(), "auto"),
    "palette": (*palette_names(),),
    "model": MODELS,
    "tokenizer": ("words", "whitespace", "characters", "bytes", "bpe", "tokenizer.json"),
    "attention": ("encoder", "decoder", "cross"),
    "embedding": ("seeded", "letters"),
    "segments": ("A,B", "B,A", "A,A", "C,A"),
    "query": (*["cat", "0", "2", "-1", "sat"], "cat,sat"),
    "cell": ("cat,sat", "0,1", "sat", "9,9", "the,the,the", "0,-1"),
    "graphics": ("off", "auto", "half", "kitty", "sixel"),
    "color": ("auto", "always", "never"),
    "size": ("3x2", "8x6", "0x0", "1x", "x", "99999x99999", "0.01x0.01"),
    "width": ("column", "page", "8.3cm", "3.25in", "0", "-1", "1e9", "wide", "0.1"),
    "pool_by": ("share", "mean", "strongest"),
    "input_format": ("lines", "pairs", "whole", "jsonl", "csv", "tsv"),
    "column": ("text", "sentence", "0"),
    "sort": ("layer", "pattern", "entropy", "distance"),
    "which": ("cross", "2", "0", "cross:0", "encoder:"),
    "axes": ("lhqk", "hqk", "qk", "blhqk", "qq", "kq"),
    "row_sum": ("1", "at most 1", "any"),
    "revision": ("main",),
    "jobs": ("1", "0", "-1", "x"),  # more would start processes
    "set": ("window=2", "window=-1", "window=", "stride=3", "=2", "window=1e400", "nosuch=1"),
    "generate": ("0", "1", "2", "-1", "3"),
    "dpi": ("50", "0", "-1", "1000000"),
}
SLOT_OF = {"positions": "position"}
NOT_TRIED = (
    "--debug",
    "--install-completion",
    "--show-completion",
)  # traceback, shells


@cache
def command_params(command: str) -> tuple[Any, ...]:
    """The parameters of a command."""
    app = build_app([command], Environment(None, None, None, {}))
    return tuple(app.commands[command].params)  # type: ignore[attr-defined]


def make_words(random: Random) -> list[str]:
    """The arguments of one command."""
    command = random.choice((*COMMANDS, *["show"] * 8, "mask", "mask"))
    params = command_params(command)
    options = [p for p in params if p.param_type_name == "option" and p.opts[0] not in NOT_TRIED]
    words = [] if command == "show" and random.random() < 0.7 else [command]
    for param in params:
        if param.param_type_name == "argument" and random.random() < 0.95:
            words.append(argument(param, random))
    for param in random.sample(options, min(len(options), random.choice((0, 1, 1, 2, 2, 3, 5)))):
        words += option_words(param, random)
    if random.random() < 0.03:
        words.insert(random.randrange(len(words) + 1), random.choice(ODD_TEXTS))
    return words


def argument(param: Any, random: Random) -> str:
    """A word for a positional parameter."""
    if random.random() < 0.08:
        return random.choice(ODD_TEXTS)
    values = {
        "text": SENTENCES,
        "name": BY_NAME["variant"],
        "model": MODELS,
        "expression": (parts_text("mask", random),),
    }
    return random.choice(values.get(param.name, (*FILES, *NOT_FILES)))


def option_words(param: Any, random: Random) -> list[str]:
    """An option and its value."""
    flag = random.choice((*param.opts, *param.secondary_opts))
    if param.is_flag:
        return [flag]
    value = option_value(param, random)
    if flag.startswith("--") and random.random() < 0.3:
        return [f"{flag}={value}"]
    return [flag, value]


def option_value(param: Any, random: Random) -> str:
    """A value of an option: nearly always one of its kind."""
    chance = random.random()
    if chance < 0.1:
        return random.choice(ODD_TEXTS)
    if chance < 0.15:
        return random.choice(BY_NAME[random.choice(list(BY_NAME))])
    if param.name == "output":
        return random.choice((*OUTPUTS, *OUTPUTS, *FILES))
    if param.name == "input":
        return random.choice((*FILES, *FILES, *NOT_FILES))
    if param.name in BY_NAME:
        return random.choice(BY_NAME[param.name])
    slot = SLOT_OF.get(param.name, param.name)
    if slot in SLOTS:
        return parts_text(slot, random)
    if param.metavar in ("N", "X", "BITS"):
        return random.choice(INTEGERS if param.metavar == "N" else REALS)
    if param.metavar == "LIST":
        return random.choice(LISTS)
    return random.choice((*SENTENCES, *FILES))


def parts_text(slot: str, random: Random, depth: int = 0) -> str:
    """An expression of parts, as --mask takes it: names, calls, operators and brackets."""
    chance = random.random()
    if depth < 4 and chance < 0.35:
        operator = random.choice((" & ", " | ", " + ", "&", " and ", " - ", ""))
        return operator.join(parts_text(slot, random, depth + 1) for _ in range(2))
    if depth < 4 and chance < 0.45:
        text = parts_text(slot, random, depth + 1)
        return random.choice(("~{}", "({})", "({}", "{})", "{}({})", "not {}", "{};")).replace(
            "{}", text
        )
    if chance < 0.5:
        return random.choice(ODD_TEXTS)
    part = random.choice(list(parts_for(slot)))
    name = part.name
    if chance < 0.55:
        name = name[1:] + name[:1]
    if chance < 0.8:
        return name
    values = [
        random.choice((*INTEGERS, *REALS, "x", "", "a=1"))
        for _ in range(random.choice((0, 1, 1, 2)))
    ]
    return f"{name}({', '.join(values)})"
