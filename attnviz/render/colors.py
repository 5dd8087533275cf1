"""Color scales: palettes, the mapping of weights to colors, and readable text on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray, largest_magnitude
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.more_palettes import find_other_palette
from attnviz.render.norms import Norm, find_norm, low_end
from attnviz.render.palette import PALETTES, Bytes, Palette

Limits = tuple[float | None, float | None]  # of a color scale; None: by the weights
MAX_LIMIT, MIN_RANGE = 1e30, 1e-30  # of a color scale: within float32
ROUNDING = 1e-6  # of 32-bit weights, relative to the scale
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
MIDDLE_LUMINANCE = 0.179  # where black and white text have the same contrast


def find_palette(name: str | None, signed: bool = False) -> Palette:
    """The palette of this name; None: RdBu for signed weights, else viridis.

    Besides the table there are reversals ("viridis_r") and the other colormaps of matplotlib,
    which is imported for them. Raises MisuseError for a colormap without order.
    """
    if name is None:
        name = "RdBu" if signed else "viridis"
    for row in PALETTES:
        if row.name.lower() == name.lower():
            return row
    return find_other_palette(name)


class ColorScale(Record):
    """Mapping of weights to colors: `low` has the first of the palette, `high` the last.

    All heads of one output share a scale, so that equal colors are equal weights. It runs from
    0 to the largest weight; for signed weights and diverging palettes it is symmetric about 0.
    Its norm, by default linear, has the positions of the weights between the ends. Weights
    beyond given limits have the color of the limit; `outside_note` counts them.
    """

    palette: Palette
    high: float
    is_centered: bool = False
    is_signed: bool = False  # positive weights are written with a sign
    floor: float = 0.0
    norm: Norm = find_norm("linear")

    @classmethod
    def of(
        cls,
        weights: FloatArray,
        *,
        signed: bool = False,
        palette: str | None = None,
        limits: Limits = (None, None),
        norm: str = "linear",
    ) -> ColorScale:
        """The scale from 0, or from −max, to max of |weights|, or to the given limits.

        Without a low limit, a logarithmic scale begins at the smallest weight above 0, or at
        high / MAX_RATIO if that is larger.

        Raises MisuseError for limits out of range or in the wrong order, on a centered scale
        for those that are not symmetric about 0, and for a norm that this scale cannot have.

        Shapes: weights [...]
        """
        colors = find_palette(palette, signed)
        vmin, vmax = limits
        for name, limit in (("vmin", vmin), ("vmax", vmax)):
            if limit is not None and not abs(limit) <= MAX_LIMIT:
                raise MisuseError(
                    f"--{name} {limit:g} must be from -{MAX_LIMIT:g} to {MAX_LIMIT:g}"
                )
        is_centered = signed or colors.is_diverging
        if is_centered and vmin is not None and vmax not in (None, -vmin):
            raise MisuseError(
                f"--vmin {vmin:g} and --vmax {vmax:g} must be symmetric about 0 for signed "
                "weights and diverging palettes; give one of them"
            )
        if is_centered and vmax is None and vmin is not None:
            if vmin >= 0:
                raise MisuseError(
                    f"--vmin {vmin:g} must be below 0: the scale is centered at 0, for signed "
                    "weights and diverging palettes"
                )
            vmax = -vmin
        high = (largest_magnitude(weights) or 1.0) if vmax is None else vmax
        floor = 0.0 if is_centered or vmin is None else vmin
        chosen = find_norm(norm)
        if not chosen.is_signed:
            floor = low_end(chosen, weights, high, vmin, is_centered)
        if limits != (None, None) and not high - floor >= MIN_RANGE:
            raise MisuseError(f"--vmin {floor:g} must be below --vmax {high:g}")
        return cls(colors, high, is_centered, signed, floor, chosen)

    @property
    def low(self) -> float:
        """The weight of the palette's first color: 0 or the limit, or −high where centered."""
        return -self.high if self.is_centered else self.floor

    def outside(self, weights: FloatArray, masked: Any = False) -> tuple[FloatArray, FloatArray]:
        """The weights below and above the scale, beyond rounding; masked ones do not count.

        Shapes: [...], broadcasts to [...] -> [n], [m]
        """
        values, slack = np.asarray(weights), ROUNDING * (self.high - self.low)
        low, high = self.low - slack, self.high + slack
        if values.min(initial=low) >= low and values.max(initial=high) <= high:
            return np.empty(0), np.empty(0)  # without copies: most maps have no limits
        shown = values[~np.broadcast_to(masked, values.shape)]
        return shown[shown < low], shown[shown > high]

    def outside_note(self, weights: FloatArray, masked: Any = False) -> str:
        """How many weights are beyond the limits, and how far; empty if none is."""
        return self.describe_outside(*self.outside(weights, masked))

    def describe_outside(self, below: FloatArray, above: FloatArray) -> str:
        """How many weights are below and above the scale, and how far.    [n], [m] -> text

        Of a logarithmic scale, which cannot reach 0, the mark "≤" at its end says enough.
        """
        has_below = below.size and self.norm.is_signed
        parts = [
            f"{below.size} below {self.low:.3g}, down to {below.min():.3g}" if has_below else "",
            f"{above.size} above {self.high:.3g}, up to {above.max():.3g}" if above.size else "",
        ]
        text = "; ".join(part for part in parts if part)
        return f"outside the scale: {text}" if text else ""

    def positions(self, weights: FloatArray) -> FloatArray:
        """The position of each weight from the first color, 0, to the last, 1.

        On a centered scale it is signed: from −1 to 1, with 0 for zero.    [...] -> [...]
        """
        values = np.asarray(weights, np.float64)
        share = np.clip((values - self.floor) / (self.high - self.floor), -1.0, 1.0)
        if not self.is_centered:
            share = np.maximum(share, 0.0)
        return np.copysign(self.norm.position(np.abs(share), self.ratio), share)

    def weights_at(self, positions: FloatArray) -> FloatArray:
        """The weight at each signed position, the inverse of `positions`.    [...] -> [...]"""
        at = np.asarray(positions, np.float64)
        share = np.copysign(self.norm.share(np.abs(at), self.ratio), at)
        return self.floor + share * (self.high - self.floor)

    @property
    def ratio(self) -> float:
        """The quotient of the ends, for norms that need one."""
        return self.high / self.floor if self.floor > 0 else np.inf

    def fractions(self, weights: FloatArray) -> FloatArray:
        """The place of each weight among the colors of the palette, 0 to 1.    [...] -> [...]"""
        at = self.positions(weights)
        return (at + 1.0) / 2.0 if self.is_centered else at

    def levels(self, weights: FloatArray) -> Bytes:
        """The palette index of each weight, 0 to 255.    [...] -> [...]"""
        return np.rint(self.fractions(weights) * 255).astype(np.uint8)

    def rgb(self, weights: FloatArray) -> Bytes:
        """The color of each weight.    [...] -> [..., 3]"""
        return self.palette.rgb[self.levels(weights)]


def luminance(rgb: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2) of an sRGB color, 0 to 1."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(c) / 255 for c in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_levels(rgb: Bytes) -> Bytes:
    """The level of `contrast_ink` of each color, 0 for black, 255 for white.    [n, 3] -> [n]"""
    shares = rgb / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    is_light = linear @ [0.2126, 0.7152, 0.0722] > MIDDLE_LUMINANCE
    return np.where(is_light, 0, 255).astype(np.uint8)


def contrast_ink(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever has the higher contrast on this color."""
    return BLACK if luminance(rgb) > MIDDLE_LUMINANCE else WHITE
