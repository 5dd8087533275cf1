"""Replace part of a model's own mechanism while it runs, in chosen layers.

What does sparsemax, a window of 8, or no head 7 in layer 5 do to a model that never met it?
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field, fields, replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.compose.compose import both, compose
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.grid import Grid
from attnviz.core.heads import MultiHead
from attnviz.core.masks import Mask
from attnviz.core.part import Sizes, written
from attnviz.core.positions import NoPosition
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

SLOTS = ("position", "score", "scale", "bias", "mask", "normalize")


class Silenced(Mask):
    """Some heads see nothing, so they add nothing."""

    name = "silenced"
    silenced: tuple[int, ...] = ()

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [head, 1, 1]"""
        return ~np.isin(grid.h, self.silenced)

    def __str__(self) -> str:
        return f"without head {', '.join(map(str, self.silenced))}"


class Intervention(Record, kw_only=True):
    """What is done to a model's mechanism, and in which layers.

    `row` lends the slots in which it differs from the plain case; `parts` are composed on top
    (see core/compose.py); `ablated` are heads by layer, None: all heads of it.
    """

    row: Variant | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    ablated: Mapping[int, tuple[int, ...] | None] = field(default_factory=dict)
    layers: Collection[int] | None = None

    def __bool__(self) -> bool:
        return bool(self.row or self.parts or self.ablated)

    def __str__(self) -> str:
        parts = [] if self.row is None else [self.row.name]
        parts += [told(name, value) for name, value in self.parts.items()]
        where = f" in layer {', '.join(map(str, self.layers))}" if self.layers else ""
        said = [", ".join(parts) + where] if parts else []
        gone = [
            f"without layer {layer}" if heads is None else f"without head {layer}.{head}"
            for layer, heads in self.ablated.items()
            for head in heads or (0,)
        ]
        return "; ".join([*said, *gone])

    def __call__(self, call: LayerCall) -> Variant:
        """The mechanism that this layer runs by."""
        return self.changed(call.own, call.layer)

    def changed(self, own: Variant, layer: int) -> Variant:
        """What becomes of the mechanism of a layer.

        Raises MisuseError for what cannot stand in a model.
        """
        made = own
        if self.layers is None or layer in self.layers:
            made = made if self.row is None else overlaid(made, self.row)
            made = compose(made, **self.parts) if self.parts else made
        if made.position != own.position and made.position.absolute:
            raise MisuseError(
                f"positions {str(made.position)!r} belong to the embeddings, which a model has "
                "of its own; take none, or one that turns queries and keys, such as rope"
            )
        if made.heads != own.heads:
            raise MisuseError("a model has the heads that it has; heads cannot be set")
        if layer in self.ablated:
            heads = self.ablated[layer]
            gone = range(made.heads.n_query_head) if heads is None else heads
            made = replace(made, mask=both(made.mask, Silenced(tuple(gone))))
        return made


def told(name: str, value: Any) -> str:
    """A choice as it was written: a part, or numbers by name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{of} = {number}" for of, number in value.items())
    return f"{name} {written(value)}"


def overlaid(own: Variant, row: Variant) -> Variant:
    """A model's mechanism with the slots of a row in which the row differs from the plain case.

    Masks of both hold; everything else of the row takes the place of the model's. Positions
    that are added to embeddings stay the model's own.
    """
    if row.whole is not None or row.asks != "tokens":
        raise MisuseError(f"{row.name!r} makes a matrix of its own; it cannot stand in a model")
    if type(row.heads) is not MultiHead or row.heads.kv_heads:
        raise MisuseError(f"{row.name!r} has heads of another kind; it cannot stand in a model")
    plain = {f.name: f.default for f in fields(Variant)}
    differs = {s: getattr(row, s) for s in SLOTS if getattr(row, s) != plain[s]}
    if differs.get("position", NoPosition()).absolute:
        del differs["position"]
    if not differs:
        raise MisuseError(
            f"{row.name!r} has nothing that could take the place of a part of a model"
        )
    if "mask" in differs and differs["mask"] != own.mask:
        differs["mask"] = both(own.mask, differs["mask"])
    return replace(own, **differs)


def refuse_unlearned(own: Variant, made: Variant, sizes: Sizes) -> None:
    """Refuse a mechanism that needs learned numbers which the model does not have."""
    have = dict(own.param_shapes(sizes))
    for part in made.parts:
        for name, shape in part.param_shapes(sizes).items():
            if have.get(name) != shape:
                raise MisuseError(
                    f"the part {str(part)!r} needs learned numbers ({name}) that the model lacks"
                )


def parse_heads(text: str) -> dict[int, tuple[int, ...] | None]:
    """Heads by layer: 5.7,3.* means head 7 of layer 5 and all of layer 3.

    >>> parse_heads("5.7, 5.9, 3.*")
    {5: (7, 9), 3: None}
    """
    found: dict[int, tuple[int, ...] | None] = {}
    for item in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\.(\d{1,6}|\*)\s*", item)
        if not match:
            raise MisuseError(f"--ablate {text!r} should be LAYER.HEAD, as in 5.7,3.*")
        layer = int(match[1])
        if match[2] == "*":
            found[layer] = None
        elif found.get(layer, ()) is not None:
            found[layer] = (*(found.get(layer) or ()), int(match[2]))
    return found
