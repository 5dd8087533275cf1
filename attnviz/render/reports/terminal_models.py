"""Families of models, and single checkpoints, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.render.reports.terminal_listing import Facts, Listing

COLUMNS = ("kind", "name", "paper")
UNITS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
Described = Mapping[str, Any]


def listing(families: Sequence[Described]) -> Listing:
    """A line a family."""
    rows = [tuple(str(family[name]) for name in COLUMNS) for family in families]
    note = f"{len(rows)} families. All about one model: attnviz models FOLDER"
    return Listing("", COLUMNS, rows, note=note)


def facts(known: Described) -> Facts:
    """All about one checkpoint."""
    told = {
        "family": f"{known['family']}, {article(known['kind'])} [{known['paper']}]",
        "layers": ", ".join(layers(known["layers"])),
        "heads": heads(known["heads"], known["kv_heads"], known["d_head"]),
        "width": f"{known['d_model']}",
        "vocabulary": known["vocabulary"] and f"{known['vocabulary']:,} words",
        "positions": f"{known['positions']:,}" if known["positions"] else "any number",
        "window": known["window"] and f"{known['window']:,} tokens",
        "numbers": f"{counted(known['numbers'])}, {known['dtype']}, {mega(known['bytes'])}",
        "reads": known["reads"],
    }
    rows = [(name, str(text)) for name, text in told.items() if text]
    names = [f"{group['kind']} {spans(group['layers'])}" for group in known["attention"]]
    algebra = [group["algebra"] for group in known["attention"]]
    return Facts(known["name"], [*rows, *zip(names, algebra, strict=True)])


def article(kind: str) -> str:
    """A kind of model, in running text."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def layers(count: Mapping[str, int]) -> list[str]:
    """How many layers of each kind of attention."""
    return [f"{n}" if kind == "self" else f"{n} {kind}" for kind, n in count.items()]


def heads(n_head: int, n_kv_head: int, width: int) -> str:
    """Heads, what they share, and how wide they are."""
    shared = f", sharing {n_kv_head} with keys" if n_kv_head != n_head else ""
    return f"{n_head} of width {width}{shared}"


def counted(n: int) -> str:
    """A large number as one says it.

    >>> counted(22_713_216)
    '22.7 million'
    """
    scale, word = next(((s, w) for s, w in UNITS if n >= s), (1, ""))
    return f"{n / scale:.1f} {word}" if word else str(n)


def mega(n_byte: int) -> str:
    """Bytes of files."""
    return f"{n_byte / 1e6:,.1f} MB"


def spans(numbers: Sequence[int]) -> str:
    """Numbers of layers, runs of them joined; every second one is said so.

    >>> spans([0, 1, 2, 5])
    '0–2, 5'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
