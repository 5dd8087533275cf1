"""Put parts of one's own choice into the slots of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from attnviz.core.biases import SoftCap, Temperature
from attnviz.core.masks import Full, Mask
from attnviz.core.part import Part
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError

Choice = str | Part | None


def compose(
    variant: str | Variant,
    *,
    score: Choice = None,
    scale: Choice = None,
    bias: Choice | tuple[Part, ...] = None,
    mask: Choice = None,
    normalize: Choice = None,
    positions: Choice = None,
    temperature: float | None = None,
    softcap: float | None = None,
    tunables: Mapping[str, Any] | None = None,
) -> Variant:
    """A row with other parts in its slots, and other numbers in its parts.

    A mask is added to the row's own, and so are biases; everything else takes the place of
    what was there. Temperature acts after the biases, the soft cap last. Parts may be given
    as text, in the grammar of the command line.

    >>> compose("causal", mask="window(2)", temperature=0.5).algebra
    'sinusoidal(10000) → dot → root-d → temperature(0.5) → causal & window(2) → softmax, 1 head'
    """
    made = find_variant(variant) if isinstance(variant, str) else variant
    chosen: dict[str, Choice] = {
        "score": score,
        "scale": scale,
        "normalize": normalize,
        "position": positions,
    }
    parts: dict[str, Any] = {
        slot: written(slot, choice) for slot, choice in chosen.items() if choice is not None
    }
    if made.whole is not None and parts.keys() - {"position"}:
        slots = " or ".join(sorted(parts))
        raise MisuseError(f"{made.name!r} makes its matrix at once; it has no {slots} to replace")
    added: tuple[Any, ...] = as_tuple(written("bias", bias))
    added += () if temperature is None else (Temperature(temperature=temperature),)
    added += () if softcap is None else (SoftCap(cap=softcap),)
    if added and made.whole is not None:
        raise MisuseError(f"{made.name!r} makes its matrix at once; it has no scores to bias")
    if mask is not None:
        parts["mask"] = both(made.mask, written("mask", mask))
    made = replace(made, bias=(*made.bias, *added), **parts)
    return made.set(**tunables) if tunables else made


def written(slot: str, given: Any) -> Any:
    """Parts, or what their text means; the grammar is loaded when it is first needed."""
    if not isinstance(given, str):
        return given
    from attnviz.core.compose.grammar import parse_biases, parse_mask, parse_part

    whole = {"bias": parse_biases, "mask": parse_mask}.get(slot)
    return parse_part(slot, given) if whole is None else whole(given)


def both(own: Mask, more: Any) -> Mask:
    """What both masks show; one that hides nothing is left out."""
    return more if isinstance(own, Full) else own & more


def as_tuple(parts: Any) -> tuple[Any, ...]:
    """None, one part or several, as several."""
    if parts is None:
        return ()
    return parts if isinstance(parts, tuple) else (parts,)
