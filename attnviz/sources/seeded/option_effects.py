"""Options of untrained weights that a mechanism does not depend on, found by trying them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.full_collector import FullCollector
from attnviz.errors import MisuseError
from attnviz.sources.seeded.embedding_table import is_table
from attnviz.sources.seeded.run_seeded import SeededPass, build_seeded_pass

PROBE = "a b a c d c b e"
MAX_LENGTH = 400  # characters of a text that are tried
ROUNDING = 1e-12
ALTERNATIVES: Mapping[str, Callable[[Any], Any]] = {  # another value of an option
    "seed": lambda seed: seed + 1,
    "dim": lambda dim: 2 * dim,
    "embedding": lambda name: "letters" if str(name) == "seeded" else "seeded",
    "projections": lambda name: "identity" if name == "random" else "random",
    "temperature": lambda value: 2 * value,
    "softcap": lambda value: value / 2,
    "scale": lambda part: "unscaled" if str(part) != "unscaled" else "root-d",
    "positions": lambda part: "none" if str(part) != "none" else "sinusoidal",
}


def find_unused_options(
    text: str, context: str | None, options: Mapping[str, Any]
) -> tuple[str, ...]:
    """The names of options on which the weights of the mechanism do not depend.

    `options` are those of build_seeded_pass. A short text is tried first; where its weights stay
    the same, the beginning of the text too.
    """
    frozen = tuple((name, freeze(value)) for name, value in options.items())
    has_table = is_table(options.get("embedding"))  # of which the probe knows no token
    return tuple(
        name
        for name in ALTERNATIVES
        if name in options
        and (has_table or is_unused_in_probe(frozen, context is not None, name))
        and is_unused(text[:MAX_LENGTH], context and context[:MAX_LENGTH], options, name)
    )


def freeze(value: Any) -> Any:
    """A value that can be hashed, for the cache."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


@lru_cache(maxsize=64)
def is_unused_in_probe(options: tuple[tuple[str, Any], ...], has_context: bool, name: str) -> bool:
    """Whether an option changes no weight of the probe; `options` are pairs of name and value."""
    values: dict[str, Any] = {
        key: dict(value) if key == "tunables" else value for key, value in options
    }
    values["layers"] = min(values.get("layers", 1), 2)
    return is_unused(PROBE, PROBE if has_context else None, values, name)


def is_unused(text: str, context: str | None, options: Mapping[str, Any], name: str) -> bool:
    """Whether the weights stay the same, up to rounding, with another value of an option."""
    other = {**options, name: ALTERNATIVES[name](options[name])}
    try:
        changed = compute_weights(build_seeded_pass(text, context, **other))
        own = compute_weights(build_seeded_pass(text, context, **options))
    except MisuseError:  # a value is not allowed for this text, so nothing is known
        return False
    return own.shape == changed.shape and bool(np.allclose(own, changed, rtol=0, atol=ROUNDING))


def compute_weights(forward: SeededPass) -> FloatArray:
    """-> [layer, head, query, key]"""
    collector = FullCollector()
    forward.run(collector.callback(forward.variant_for))
    return np.stack(collector.weights)
