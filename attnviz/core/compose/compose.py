"""Composition: override parts of a mechanism of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from attnviz.argument_types import require_type
from attnviz.core.biases import SoftCap, Temperature
from attnviz.core.masks import Full, Mask
from attnviz.core.part import Part
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError

PartChoice = str | Part | None


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
    parts replace them. Temperature acts after the biases, the soft cap last. Parts may be text
    in the grammar of the command line.

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
    if result.mixer is not None and parts.keys() - {"position"}:
        slots = " or ".join(sorted(parts))
        raise MisuseError(
            f"{result.name!r} computes its weights without scores; it has no {slots} to override"
        )
    biases: tuple[Any, ...] = as_tuple(resolve_part("bias", bias))
    biases += () if temperature is None else (Temperature(temperature=temperature),)
    biases += () if softcap is None else (SoftCap(cap=softcap),)
    if biases and result.mixer is not None:
        raise MisuseError(
            f"{result.name!r} computes its weights without scores; it has none to add a bias to"
        )
    if mask is not None:
        parts["mask"] = intersect_masks(result.mask, resolve_part("mask", mask))
    result = replace(result, bias=(*result.bias, *biases), **parts)
    return result.with_tunables(**tunables) if tunables else result


def resolve_part(slot: str, choice: Any) -> Any:
    """The part, or tuple of biases, that a choice names; a part stays as it is."""
    if not isinstance(choice, str):
        for part in as_tuple(choice) if slot == "bias" else (choice,):
            require_type(slot, part, str, Part)
        return choice
    from attnviz.core.compose.grammar import parse_biases, parse_mask, parse_part

    if slot == "bias":
        return parse_biases(choice)
    return parse_mask(choice) if slot == "mask" else parse_part(slot, choice)


def intersect_masks(mask: Mask, other: Any) -> Mask:
    """The pairs that both masks allow; a full mask is left out."""
    return other if isinstance(mask, Full) else mask & other


def as_tuple(parts: Any) -> tuple[Any, ...]:
    """None, one part or several, as a tuple."""
    if parts is None:
        return ()
    return parts if isinstance(parts, tuple) else (parts,)
