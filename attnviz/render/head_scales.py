"""Color scales of a map: of its weights and, in a comparison, of the differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import ComparedHead, compared_heads
from attnviz.record import Record
from attnviz.render.colors import ColorScale, find_palette
from attnviz.render.scaling import Scaling, visible_sample


class HeadScales(Record):
    """The scale of all weights and, in a comparison, the scale of all differences.

    Weights have a sequential scale unless some are negative; differences have a diverging one.
    """

    weights: ColorScale
    differences: ColorScale | None = None
    is_difference: tuple[bool, ...] = ()  # of each head
    name: str = "weight"  # what the scale of the weights is of

    @classmethod
    def of(
        cls,
        amap: AttentionMap,
        palette: str | None,
        *,
        default: str | None = None,
        scaling: Scaling | None = None,
    ) -> HeadScales:
        """The scales of a map.

        `palette` is the requested one; in a comparison it is that of the weights or that of the
        differences, whichever it suits. `default` is that of weights which are not negative.
        The limits of `scaling` are those of the scale of the weights; a scale of differences
        beside it has none, but it is robust if that of the weights is.

        Raises MisuseError for limits or a norm that the scale cannot have.
        """
        scaling = scaling or Scaling()
        compared = compared_heads(amap)
        is_difference = tuple(head.kind == "difference" for head in compared)
        if not any(is_difference) or all(is_difference):
            chosen = palette or (None if amap.signed else default)
            heads = [True] * amap.n_head
            scale = scale_of_heads(amap, heads, chosen, amap.signed, scaling)
            is_change = all(is_difference) if compared else amap.meta.get("source") == "difference"
            return cls(scale, name="difference" if is_change else "weight")
        heads = [not change for change in is_difference]
        signed = bool((amap.weights[:, heads] < 0).any())
        is_diverging = palette is not None and find_palette(palette).is_diverging
        chosen = palette if palette and (signed or not is_diverging) else None
        norm = None if scaling.norm == "log" else scaling.norm
        of_changes = Scaling(robust=scaling.robust, norm=norm)
        return cls(
            scale_of_heads(amap, heads, chosen or (None if signed else default), signed, scaling),
            scale_of_heads(
                amap, list(is_difference), palette if is_diverging else None, True, of_changes
            ),
            is_difference,
        )

    def of_heads(self, heads: Sequence[ComparedHead]) -> HeadScales:
        """The same scales for another map, with these heads."""
        if self.differences is None:
            return self
        return replace(self, is_difference=tuple(head.kind == "difference" for head in heads))

    def of_head(self, index: int) -> ColorScale:
        """The scale of a head, given by its index in the map."""
        if self.differences is not None and self.is_difference[index]:
            return self.differences
        return self.weights

    def outside(
        self, scale: ColorScale, weights: FloatArray, masked: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """The weights below and above one of the scales, of the heads that have it.

        Shapes: [layer, head, …], broadcasts to [layer, head, …] → [n], [m]
        """
        if self.differences is None:
            return scale.outside(weights, masked)
        heads = [self.of_head(i) is scale for i in range(len(self.is_difference))]
        return scale.outside(weights[:, heads], np.broadcast_to(masked, weights.shape)[:, heads])

    def outside_note(self, weights: FloatArray, masked: BoolArray) -> str:
        """How many weights are beyond the limits, and how far; empty if none is.

        Shapes: [layer, head, …], broadcasts to [layer, head, …] → text
        """
        return self.weights.describe_outside(*self.outside(self.weights, weights, masked))

    @property
    def by_name(self) -> dict[str, ColorScale]:
        """The scales by what they are of, "weight" and "difference"."""
        scales = {self.name: self.weights}
        return scales | ({} if self.differences is None else {"difference": self.differences})


def scale_of_heads(
    amap: AttentionMap, heads: list[bool], palette: str | None, signed: bool, scaling: Scaling
) -> ColorScale:
    """The scale of some heads of a map, of all its layers.    heads [head]"""
    norm = scaling.norm
    if norm is None:
        norm = "sqrt" if signed or find_palette(palette).is_diverging else "log"
    weights = amap.weights if all(heads) else amap.weights[:, heads]
    limits = scaling.vmin, scaling.vmax
    if scaling.robust:
        visible = amap.visible
        if visible is not None and visible.shape[1] > 1:
            visible = visible[:, heads]
        limits = scaling.vmin, scaling.high_limit(visible_sample(weights, visible))
    return ColorScale.of(weights, signed=signed, palette=palette, limits=limits, norm=norm)
