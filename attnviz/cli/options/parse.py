"""Parse option values: from what was typed to the arguments of `look` and the renderers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attnviz.cli.options.look import LOOK
from attnviz.core.attention_map import AttentionMap
from attnviz.core.selection import HeadSelection
from attnviz.errors import AttnvizWarning, MisuseError

if TYPE_CHECKING:
    from attnviz.core.explain.explanation import Explanation

MAX_INCHES = 200
MAX_RANGE = 10_000  # indices of one range, as in 0-9999


def parse_look_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments `**options` of `attnviz.look`; options not given are left out."""
    names = [name for group in LOOK for name in group]
    parsed = {name: options[name] for name in names if options.get(name) is not None}
    parsed["tunables"] = parse_tunables(parsed.pop("set", ()))
    if "temperature" in parsed:
        parsed["temperature"] = parse_temperature(parsed["temperature"])
    if "at" in parsed:
        parsed["at"] = parse_indices(parsed["at"], "--at")
    return parsed


def parse_selection(options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `attnviz.look` that select and combine layers, heads and tokens.

    Raises MisuseError for layers, heads and reductions that cannot be read.
    """
    HeadSelection.parse(options["layer"], options["head"])
    given = {
        "select_queries": options.get("queries"),
        "select_keys": options.get("keys"),
        "contribution": options.get("contribution"),
        "reduce": parse_reductions(options),
    }
    return {
        "select_layers": options["layer"],
        "select_heads": options["head"],
        "select_segments": options["segments"],
        **{name: value for name, value in given.items() if value not in (None, [])},
    }


def parse_reductions(options: Mapping[str, Any]) -> list[str]:
    """The steps of --reduce, and that of --drop-special after them.

    Raises MisuseError for steps that cannot be read, or are not sensible in this order.
    """
    steps = [*options.get("reduce", ())]
    if options.get("drop_special"):
        steps.append("special:drop")
    if steps:
        from attnviz.api.reduce import parse_steps

        parse_steps(steps)
    return steps


def warn_if_modified(result: AttentionMap | Explanation) -> None:
    """Warn that a pretrained model ran with overridden parts or ablated heads."""
    if "intervention" in result.meta:
        message = f"model modified: {result.meta['intervention']}"
        warnings.warn(message, AttnvizWarning, stacklevel=2)


def parse_tunables(pairs: Iterable[str]) -> dict[str, str]:
    """Tunables by name, from every `--set name=value`."""
    tunables = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise MisuseError(f"--set {pair!r} must be NAME=VALUE, such as window=2")
        tunables[name.strip().replace("-", "_")] = value.strip()
    return tunables


def parse_byte_count(text: str | None, option: str) -> int | None:
    """A number of bytes, with a unit or without.

    >>> parse_byte_count("1.5GB", "--max-memory")
    1500000000
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?) *([kMGT]?)B?", text.strip())
    if not match:
        raise MisuseError(f"{option} {text!r:.40} must be a size such as 500MB or 2GB")
    return int(float(match[1]) * 1000 ** " kMGT".index(match[2] or " "))


def parse_temperature(text: str) -> float:
    """One temperature; MisuseError for several, which `show` and `compare` alone can do."""
    values = parse_temperatures(text)
    if len(values) > 1:
        raise MisuseError(
            f"--temperature {text!r:.80} has {len(values)} values; only `attnviz show` and "
            "`attnviz compare` take several"
        )
    return values[0]


def parse_temperatures(text: str) -> list[float]:
    """Temperatures separated by commas.

    >>> parse_temperatures("0.5,1,2")
    [0.5, 1.0, 2.0]
    """
    try:
        values = [float(item) for item in text.split(",")]
    except ValueError:
        message = f"--temperature {text!r:.80} should be a number, or several, as in 0.5,1,2"
        raise MisuseError(message) from None
    if len(set(values)) < len(values):
        raise MisuseError(f"--temperature {text!r:.80} has a value twice")
    return values


def parse_indices(text: str | None, option: str) -> tuple[int, ...] | None:
    """A list of indices and ranges.

    >>> parse_indices("0,2-5", "--layer")
    (0, 2, 3, 4, 5)
    """
    if text is None:
        return None
    indices: list[int] = []
    for item in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", item)
        if not match:
            raise MisuseError(f"{option} {text!r} must be a list such as 0,2-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last <= first + MAX_RANGE:
            raise MisuseError(f"{option} {text!r}: the range {item.strip()} is empty or too long")
        indices += range(first, last + 1)
    return tuple(dict.fromkeys(indices))


def parse_size(text: str | None) -> tuple[float, float] | None:
    """Width and height in inches, as in 8x6."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)[x×](\d{1,5}(?:\.\d+)?)", text.strip())
    if not match:
        raise MisuseError(
            f"--size {text!r} must be WIDTHxHEIGHT in inches, such as 8x6; --width takes a width"
        )
    width, height = float(match[1]), float(match[2])
    if not (0 < width <= MAX_INCHES and 0 < height <= MAX_INCHES):
        raise MisuseError(
            f"--size {text!r} must be up to {MAX_INCHES} inches each way; use --dpi for pixels"
        )
    return width, height
