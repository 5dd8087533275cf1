"""Color scales of a map: of its weights and, in a comparison, of the differences."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.record import Record
from attnviz.render.colors import ColorScale, find_palette


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
    ) -> HeadScales:
        """The scales of a map.

        `palette` is the requested one; in a comparison it is that of the weights or that of the
        differences, whichever it suits. `default` is that of weights which are not negative.
        `others` are further values on the scale of the weights, of any shape.
        """
        compared = compared_heads(amap)
        is_difference = tuple(head.kind == "difference" for head in compared)
        if not any(is_difference) or all(is_difference):
            values = np.append(amap.weights, others)
            chosen = palette or (None if amap.signed else default)
            return cls(ColorScale.of(values, signed=amap.signed, palette=chosen))
        changes = amap.weights[:, list(is_difference)]
        weights = np.append(amap.weights[:, [not change for change in is_difference]], others)
        signed = bool((weights < 0).any())
        is_diverging = palette is not None and find_palette(palette).is_diverging
        chosen = palette if palette and (signed or not is_diverging) else None
        return cls(
            ColorScale.of(weights, signed=signed, palette=chosen or (None if signed else default)),
            ColorScale.of(changes, signed=True, palette=palette if is_diverging else None),
            is_difference,
        )

    def of_head(self, index: int) -> ColorScale:
        """The scale of a head, given by its index in the map."""
        if self.differences is not None and self.is_difference[index]:
            return self.differences
        return self.weights

    @property
    def by_name(self) -> dict[str, ColorScale]:
        """The scales by what they are of, "weight" and "difference"."""
        scales = {"weight": self.weights}
        return scales | ({} if self.differences is None else {"difference": self.differences})
