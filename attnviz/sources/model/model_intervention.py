"""Interventions in a pretrained model: built from options, and checked against its layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any

from attnviz.argument_types import abbreviate
from attnviz.core.compose.interventions import Intervention, parse_heads, require_trained_params
from attnviz.core.inputs import Sizes
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.options import PART_OPTIONS


def build_intervention(options: Mapping[str, Any]) -> Intervention:
    """The intervention that the options describe; false where they describe none."""
    parts = {name: options[name] for name in PART_OPTIONS if name in options}
    if options.get("tunables"):
        parts["tunables"] = options["tunables"]
    variant = options.get("variant")
    if "at" in options and not parts and variant is None:
        raise MisuseError("--at has no effect without a part to override, as in --at 0 -v hard")
    return Intervention(
        variant=find_variant(variant) if isinstance(variant, str) else variant,
        parts=parts,
        ablated=parse_heads(options["ablate"]) if "ablate" in options else {},
        layers=as_layers(options.get("at")),
    )


def as_layers(at: Any) -> tuple[int, ...] | None:
    """The numbers of layers that overrides apply to; None: all.

    Raises UnknownParameterError for anything but a whole number from 0, or several.
    """
    if at is None:
        return None
    numbers = [at] if isinstance(at, Integral) else at
    is_numbers = isinstance(numbers, Collection) and all(
        not isinstance(n, bool) and isinstance(n, Integral) and int(n) >= 0 for n in numbers
    )
    if not is_numbers or not len(numbers):
        raise UnknownParameterError(
            f"at={abbreviate(at)} should be the number of a layer, or several: at=0, at=[0, 2]"
        )
    return tuple(map(int, numbers))


def check_intervention(model: Checkpoint, kind: str, intervention: Intervention) -> None:
    """Raise MisuseError for an intervention that this model does not allow.

    That is one with layers or heads that do not exist, with parts whose trained parameters the
    model lacks, or one that changes nothing.
    """
    own, config = model.variants(kind), model.stack_for(kind).config
    n_head = config.get_int("n_head")
    for layer in (*(intervention.layers or ()), *intervention.ablated):
        if layer >= len(own):
            raise MisuseError(f"there is no layer {layer}; there are 0 to {len(own) - 1}")
    for layer, heads in intervention.ablated.items():
        for head in heads or ():
            if head >= n_head:
                raise MisuseError(f"layer {layer} has no head {head}; there are 0 to {n_head - 1}")
    d_model = config.get_int("d_model")
    sizes = Sizes(d=config.d_head, d_model=d_model, n_head=n_head, n_query=1, n_key=1)
    modified = tuple(intervention.apply(variant, layer) for layer, variant in enumerate(own))
    for before, after in zip(own, modified, strict=True):
        require_trained_params(before, after, sizes)
    if modified == own:
        raise MisuseError(f"{str(intervention)!r} changes nothing in {model.name!r}")
