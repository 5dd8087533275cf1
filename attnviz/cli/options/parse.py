"""From what was typed to what `look` and the renderers take."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attnviz.cli.options.shared import LOOK, MODEL, PARTS
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError

if TYPE_CHECKING:
    from attnviz.core.explain.explanation import Explanation


def look_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options of `look`, as it takes them."""
    chosen = {n: options[n] for n in (*LOOK, *PARTS, *MODEL) if options.get(n) is not None}
    chosen["tunables"] = tunables(chosen.pop("set", ()))
    if "at" in chosen:
        chosen["at"] = numbers(chosen["at"], "--at")
    return chosen


def selected(options: dict[str, Any]) -> dict[str, Any]:
    """Which layers, heads and texts are kept."""
    return {
        "select_layers": numbers(options["layer"], "--layer"),
        "select_heads": numbers(options["head"], "--head"),
        "select_segments": options["segments"],
    }


def tell_change(made: AttentionMap | Explanation) -> None:
    """Say it where a model did not run as it was trained."""
    if "intervention" in made.meta:
        said = f"the model is changed while it runs: {made.meta['intervention']}"
        warnings.warn(said, AttnvizWarning, stacklevel=2)


def tunables(pairs: Iterable[str]) -> dict[str, str]:
    """--set name=value, as often as it was given."""
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise MisuseError(f"--set {pair!r} should be NAME=VALUE, as in window=2")
        found[name.strip().replace("-", "_")] = value.strip()
    return found


def numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """A list of numbers and ranges: 0,2-5."""
    if text is None:
        return None
    found: list[int] = []
    for item in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", item)
        if not match:
            raise MisuseError(f"{option} {text!r} should be numbers and ranges, as in 0,2-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last <= first + 10_000:
            raise MisuseError(f"{option} {text!r}: the range {item.strip()} is empty or too long")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def precision(digits: int | None) -> int | None:
    """A number of decimals that makes sense."""
    if digits is not None and not 0 <= digits <= 17:
        raise MisuseError(f"--precision {digits} should be between 0 and 17")
    return digits


def dots(dpi: int) -> int:
    """Pixels an inch that make sense."""
    if not 10 <= dpi <= 2400:
        raise MisuseError(f"--dpi {dpi} should be between 10 and 2400")
    return dpi


def size(text: str | None) -> tuple[float, float] | None:
    """Width and height in inches, as in 8x6."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4}(?:\.\d+)?)[x×](\d{1,4}(?:\.\d+)?)", text.strip())
    if not match or not (0 < float(match[1]) <= 200 and 0 < float(match[2]) <= 200):
        raise MisuseError(f"--size {text!r} should be inches, WIDTHxHEIGHT, as in 8x6")
    return float(match[1]), float(match[2])
