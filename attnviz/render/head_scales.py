"""Color scales of a map: of its weights and, in a comparison, of the differences."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.record import Record
from attnviz.render.colors import ColorScale, Limits, find_palette


class HeadScales(Record):
    """The scale of all weights and, in a comparison, the scale of all differences.

    Weights have a sequential scale unless some are negative; differences have a diverging one.
    """

    weights: ColorScale
    differences: ColorScale | None = None
    is_difference: tuple[bool, ...] = ()  # of each head

    @classmethod
    def of(
        cls,
        amap: AttentionMap,
        palette: str | None,
        *,
        default: str | None = None,
        others: FloatArray | float = 0.0,
        limits: Limits = (None, None),
    ) -> HeadScales:
        """The scales of a map.

        `palette` is the requested one; in a comparison it is that of the weights or that of the
        differences, whichever it suits. `default` is that of weights which are not negative.
        `others` are further values on the scale of the weights, of any shape. `limits` are those
        of the scale of the weights; a scale of differences beside it has none.

        Raises MisuseError for limits that the scale cannot have.
        """
        compared = compared_heads(amap)
        is_difference = tuple(head.kind == "difference" for head in compared)
        if not any(is_difference) or all(is_difference):
            values = np.append(amap.weights, others)
            chosen = palette or (None if amap.signed else default)
            return cls(ColorScale.of(values, signed=amap.signed, palette=chosen, limits=limits))
        changes = amap.weights[:, list(is_difference)]
        weights = np.append(amap.weights[:, [not change for change in is_difference]], others)
        signed = bool((weights < 0).any())
        is_diverging = palette is not None and find_palette(palette).is_diverging
        chosen = palette if palette and (signed or not is_diverging) else None
        return cls(
            ColorScale.of(
                weights,
                signed=signed,
                palette=chosen or (None if signed else default),
                limits=limits,
            ),
            ColorScale.of(changes, signed=True, palette=palette if is_diverging else None),
            is_difference,
        )

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
        scales = {"weight": self.weights}
        return scales | ({} if self.differences is None else {"difference": self.differences})
