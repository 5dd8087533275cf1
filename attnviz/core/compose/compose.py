"""Composition: override parts of a mechanism of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.argument_types import require_type
from attnviz.core.arrays import BoolArray
from attnviz.core.biases import SoftCap, Temperature
from attnviz.core.masks import Both, Full, GivenMask, Mask
from attnviz.core.part import Part
from attnviz.core.tunables import tunable_values
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, ShapeError, UnknownParameterError

PartChoice = str | Part | None
OVERRIDES = ["score", "scale", "bias", "mask", "normalize", "positions", "temperature", "softcap"]


def compose(
    variant: str | Variant,
    *,
    score: PartChoice = None,
    scale: PartChoice = None,
    bias: PartChoice | tuple[Part, ...] = None,
    mask: PartChoice = None,
    normalize: PartChoice = None,
    positions: PartChoice = None,
    temperature: float | None = None,
    softcap: float | None = None,
    tunables: Mapping[str, Any] | None = None,
) -> Variant:
    """A mechanism with some of its parts and tunables overridden.

    A mask is combined (and) with the variant's own, biases are appended to its own, all other
    parts replace them; of a layer plan, in every layer. Temperature acts after the biases, the
    soft cap last. Parts may be text in the grammar of the command line.

    Raises MisuseError for parts that the mechanism has no slot for.

    >>> compose("causal", mask="window(2)", temperature=0.5).pipeline
    'sinusoidal(10000) → dot → root-d → temperature(0.5) → causal & window(2) → softmax, 1 head'
    """
    result = find_variant(variant) if isinstance(variant, str) else variant
    choices: dict[str, PartChoice] = {
        "score": score,
        "scale": scale,
        "normalize": normalize,
        "position": positions,
    }
    parts: dict[str, Any] = {
        slot: resolve_part(slot, choice) for slot, choice in choices.items() if choice is not None
    }
    biases: tuple[Any, ...] = as_tuple(resolve_part("bias", bias))
    biases += () if temperature is None else (Temperature(temperature=temperature),)
    biases += () if softcap is None else (SoftCap(cap=softcap),)
    added = None if mask is None else resolve_part("mask", mask)
    layers = tuple(
        replace(layer, **overrides(layer, parts, biases, added)) for layer in result.layers
    )
    result = replace(result, **overrides(result, parts, biases, added), layers=layers)
    if not tunables:
        return result
    check_tunables(result, tunables)
    return result.with_tunables(**tunables)


def check_tunables(variant: Variant, tunables: Mapping[str, Any]) -> None:
    """Raise MisuseError for an argument of compose among the tunables that the variant lacks."""
    own = tunable_values(variant.slots)
    for name in tunables:
        if name in OVERRIDES and name not in own:
            raise MisuseError(
                f"variant {variant.name!r} has no tunable {name!r}; {name} is set by --{name}"
            )


def overrides(
    variant: Variant, parts: Mapping[str, Any], biases: tuple[Any, ...], mask: Any
) -> dict[str, Any]:
    """The slots of one mechanism that change: parts replaced, biases and a mask added.

    Raises MisuseError for parts that the mechanism has no slot for.
    """
    names = [*sorted(parts.keys() - {"position"}), *(bias.name for bias in biases)]
    if variant.mixer is not None and names:
        own = [name for name in names if name in tunable_values(variant.slots)]
        hint = "".join(
            f"; its own {name} is a tunable: `--set {name}=VALUE`, in Python "
            f"tunables={{'{name}': VALUE}}"
            for name in own
        )
        verb = "does" if len(names) == 1 else "do"
        raise MisuseError(
            f"{variant.name!r} computes its weights without scores; {' and '.join(names)} {verb} "
            f"not apply to it{hint}"
        )
    added = {} if mask is None else {"mask": intersect_masks(variant.mask, mask)}
    return {"bias": (*variant.bias, *biases), **parts, **added}


def resolve_part(slot: str, choice: Any) -> Any:
    """The part, or tuple of biases, that a choice names; a part stays as it is."""
    if slot == "mask" and getattr(choice, "dtype", None) == np.bool_:
        return given_mask(np.asarray(choice))
    if slot == "mask" and hasattr(choice, "dtype"):
        raise UnknownParameterError(
            f"mask of type {choice.dtype} should be bool, True = the query attends to the key"
        )
    if not isinstance(choice, str):
        for part in as_tuple(choice) if slot == "bias" else (choice,):
            require_type(slot, part, str, Part)
        return choice
    from attnviz.core.compose.grammar import parse_biases, parse_mask, parse_part

    if slot == "bias":
        return parse_biases(choice)
    return parse_mask(choice) if slot == "mask" else parse_part(slot, choice)


def given_mask(array: BoolArray) -> GivenMask:
    """An array as a mask.    [query, key] or [head, query, key] -> [head or 1, query, key]

    Raises ShapeError for an array of other axes.
    """
    if array.ndim not in (2, 3):
        raise ShapeError(f"mask {array.shape} should have the axes [query, key] or [head, …]")
    return GivenMask(array if array.ndim == 3 else array[None])


def intersect_masks(mask: Mask, other: Any) -> Mask:
    """The pairs that both masks allow; a full mask, and one that is there already, is left out.

    >>> from attnviz.core.masks import Causal, Window
    >>> str(intersect_masks(Causal(), Causal() & Window(3)))
    'causal & window(3)'
    """
    if isinstance(mask, Full):
        return other
    present = conjuncts(mask)
    for part in conjuncts(other):
        mask = mask if part in present else mask & part
    return mask


def conjuncts(mask: Mask) -> list[Mask]:
    """The masks that a conjunction is made of; any other mask itself."""
    if not isinstance(mask, Both):
        return [mask]
    return [part for each in mask.pair for part in conjuncts(each)]


def as_tuple(parts: Any) -> tuple[Any, ...]:
    """None, one part or several, as a tuple."""
    if parts is None:
        return ()
    return parts if isinstance(parts, tuple) else (parts,)
