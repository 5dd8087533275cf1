"""Interventions: override parts of a model's attention, or ablate heads, in chosen layers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field, fields, replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.compose.compose import compose, intersect_masks
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.grid import Grid
from attnviz.core.heads import MultiHead
from attnviz.core.inputs import Sizes
from attnviz.core.masks import Mask
from attnviz.core.part import format_value
from attnviz.core.positions import NoPosition
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.lookup import unknown_name_message
from attnviz.record import Record

PARTS = (  # the keyword arguments of compose
    *("score", "scale", "bias", "mask", "normalize", "positions"),
    *("temperature", "softcap", "tunables"),
)
SLOTS = ("position", "score", "scale", "bias", "mask", "normalize")


class AblatedHeads(Mask):
    """Head ablation: every key of these heads is masked, so their output is zero."""

    name = "ablated"
    ablated_heads: tuple[int, ...] = ()

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [head, 1, 1]"""
        return ~np.isin(grid.h, self.ablated_heads)

    def __str__(self) -> str:
        heads = "head" if len(self.ablated_heads) == 1 else "heads"
        return f"ablated {heads} {', '.join(map(str, self.ablated_heads))}"


class Intervention(Record, kw_only=True):
    """Changes to a model's attention: overridden parts in some layers, ablated heads.

    `variant` overrides the slots in which it differs from the default; `parts` are composed on
    top (see core/compose/compose.py); `ablated` holds heads by layer, None for all heads of one.
    `layers` restricts `variant` and `parts`; None is all layers.
    """

    variant: Variant | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    ablated: Mapping[int, tuple[int, ...] | None] = field(default_factory=dict)
    layers: Collection[int] | None = None

    def __post_init__(self) -> None:
        for name in self.parts:
            if name not in PARTS:
                raise MisuseError(unknown_name_message(name, PARTS, "part of an intervention"))

    def __bool__(self) -> bool:
        return bool(self.variant or self.parts or self.ablated)

    def __str__(self) -> str:
        overrides = [] if self.variant is None else [self.variant.name]
        overrides += [format_choice(name, value) for name, value in self.parts.items()]
        where = f" in layer {', '.join(map(str, self.layers))}" if self.layers else ""
        ablated = [
            f"layer {layer} ablated" if heads is None else f"head {layer}.{head} ablated"
            for layer, heads in self.ablated.items()
            for head in heads or (0,)
        ]
        return "; ".join([*([", ".join(overrides) + where] if overrides else []), *ablated])

    def __call__(self, call: LayerCall) -> Variant:
        """The mechanism that this layer runs with."""
        return self.apply(call.variant, call.layer)

    def apply(self, own: Variant, layer: int) -> Variant:
        """A layer's own mechanism with the changes.

        Raises MisuseError for a change that no model supports.
        """
        changed = own
        if self.layers is None or layer in self.layers:
            if self.variant is not None:
                changed = override_parts(changed, self.variant.for_layer(layer))
            changed = compose(changed, **self.parts) if self.parts else changed
        if changed.position != own.position and changed.position.absolute:
            raise MisuseError(
                f"position encoding {str(changed.position)!r} is added to the embeddings, where a "
                "model has its own; use none, or a rotary one such as rope"
            )
        if changed.heads != own.heads:
            raise MisuseError("a model's head layout is fixed; heads cannot be set")
        if layer in self.ablated:
            heads = self.ablated[layer]
            all_heads = tuple(range(changed.heads.n_query_head))
            ablation = AblatedHeads(all_heads if heads is None else heads)
            changed = replace(changed, mask=intersect_masks(changed.mask, ablation))
        return changed


def format_choice(name: str, value: Any) -> str:
    """An override as text: a part or a number with its option, or tunables by name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{tunable} = {number}" for tunable, number in value.items())
    return f"{name} {format_value(value)}"


def override_parts(own: Variant, variant: Variant) -> Variant:
    """A model's mechanism with the parts of a variant that differ from the default.

    Masks are combined (and); every other part replaces the model's. Position encodings that are
    added to the embeddings stay the model's own.
    Raises MisuseError for a variant that a model cannot run.
    """
    if variant.mixer is not None:
        raise MisuseError(
            f"{variant.name!r} computes its weights without scores, so it cannot be applied to a "
            "model"
        )
    if variant.queries == "single":
        raise MisuseError(f"{variant.name!r} has a single query and cannot be applied to a model")
    if type(variant.heads) is not MultiHead or variant.heads.kv_heads:
        raise MisuseError(
            f"{variant.name!r} changes the head layout and cannot be applied to a model"
        )
    default = {f.name: f.default for f in fields(Variant)}
    overrides = {s: getattr(variant, s) for s in SLOTS if getattr(variant, s) != default[s]}
    if overrides.get("position", NoPosition()).absolute:
        del overrides["position"]
    if not overrides:
        raise MisuseError(
            f"{variant.name!r} overrides no part of a model; settings of the model's own "
            "mechanism have no name before them, as in -v :temperature=2"
        )
    if "mask" in overrides and overrides["mask"] != own.mask:
        overrides["mask"] = intersect_masks(own.mask, overrides["mask"])
    return replace(own, **overrides)


def require_trained_params(own: Variant, changed: Variant, sizes: Sizes) -> None:
    """Check that a changed mechanism needs no parameters that the model lacks.

    Raises MisuseError otherwise.
    """
    trained = dict(own.param_shapes(sizes))
    for part in changed.parts:
        for name, shape in part.param_shapes(sizes).items():
            if trained.get(name) != shape:
                raise MisuseError(
                    f"{str(part)!r} needs trained parameters ({name}) that this model lacks"
                )


def parse_heads(text: str) -> dict[int, tuple[int, ...] | None]:
    """Heads by layer: 5.7,3.* is head 7 of layer 5 and all heads of layer 3.

    >>> parse_heads("5.7, 5.9, 3.*")
    {5: (7, 9), 3: None}
    """
    heads: dict[int, tuple[int, ...] | None] = {}
    for item in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\.(\d{1,6}|\*)\s*", item)
        if not match:
            raise MisuseError(f"--ablate {text!r} should be LAYER.HEAD, as in 5.7,3.*")
        layer = int(match[1])
        if match[2] == "*":
            heads[layer] = None
        elif heads.get(layer, ()) is not None:
            heads[layer] = (*(heads.get(layer) or ()), int(match[2]))
    return heads
