"""Rotations slowed down, for texts longer than those that a model was trained on."""

from __future__ import annotations

from math import ceil, floor, inf, log, pi, sqrt
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.part import Part
from attnviz.core.positions import Rope, Side, rotate
from attnviz.errors import MisuseError

STRETCH = {"base": (1.0, inf), "width": (0, inf), "stretch": (1e-6, inf), "trained": (1, inf)}


class ScaledRope(Rope):
    """A rotation whose pairs may turn at other paces, and whose vectors may grow."""

    limits: ClassVar = {"base": (1.0, inf), "width": (0, inf)}

    def paces(self, width: int, n_token: int) -> FloatArray:
        """By what each pair turns from one position to the next.    -> [pair]"""
        del n_token
        return plain_paces(self.base, width)

    @property
    def growth(self) -> float:
        """What turned vectors are multiplied by."""
        return 1.0

    def turn(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        del side
        width = self.width or vectors.shape[-1] // 2 * 2
        n_token = int(positions.max(initial=-1)) + 1
        angle = positions[:, None] * self.paces(width, n_token)
        cos, sin = self.growth * np.cos(angle), self.growth * np.sin(angle)
        return rotate(vectors, cos, sin, interleaved=self.pairs != "halves")


def plain_paces(base: float, width: int) -> FloatArray:
    """base^(-2t/width)    -> [pair]"""
    return base ** (-np.arange(0, width, 2) / width)


class LinearRope(ScaledRope):
    """Positions are pressed together: every pair turns `stretch` times slower.

    Formula: i · base^(-2t/d) / stretch
    Paper: 2306.15595
    """

    name = "rope-linear"
    limits: ClassVar = {"base": (1.0, inf), "width": (0, inf), "stretch": (1e-6, inf)}
    stretch: float = 4.0

    def paces(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        return plain_paces(self.base, width) / self.stretch


class DynamicRope(ScaledRope):
    """The base grows with the text, once it is longer than `trained` tokens.

    Formula: base · (stretch · n/trained - (stretch - 1))^(d/(d-2))
    Paper: 2309.00071 (section 3, "dynamic NTK")
    """

    name = "rope-dynamic"
    prefix_stable = False  # it turns by how long the text is
    limits: ClassVar = STRETCH
    stretch: float = 2.0
    trained: int = 2048

    def paces(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        longer = max(n_token, self.trained) / self.trained
        growth = (self.stretch * longer - (self.stretch - 1)) ** (width / max(width - 2, 1))
        return plain_paces(self.base * growth, width)


class Llama3Rope(ScaledRope):
    """Waves longer than the trained text are stretched, short ones are not.

    Formula: pairs that turn fewer than `low` times within `trained` tokens go `stretch` times
    slower, those that turn more than `high` times stay, between them the pace is mixed.
    Paper: 2407.21783
    """

    name = "rope-llama3"
    limits: ClassVar = STRETCH | {"low": (0.0, inf), "high": (0.0, inf)}
    stretch: float = 8.0
    trained: int = 8192
    low: float = 1.0
    high: float = 4.0

    def paces(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        pace = plain_paces(self.base, width)
        turns = self.trained * pace / (2 * pi)
        keep = np.clip((turns - self.low) / max(self.high - self.low, 1e-9), 0.0, 1.0)
        return pace * (keep + (1 - keep) / self.stretch)


class Yarn(ScaledRope):
    """As above, with a ramp over the pairs; vectors grow a little, which sharpens attention.

    Formula: a linear ramp between the pairs that turn `fast` and `slow` times within
    `trained` tokens; growth 0.1 ln(stretch) + 1 unless given. `whole` rounds the ramp's ends.
    Paper: 2309.00071
    """

    name = "rope-yarn"
    limits: ClassVar = STRETCH | {"fast": (1e-6, inf), "slow": (1e-6, inf)}
    stretch: float = 4.0
    trained: int = 2048
    fast: float = 32.0
    slow: float = 1.0
    grow: float | None = None
    whole: bool = True

    def paces(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        pace = plain_paces(self.base, width)
        first, last = self.pair_turning(self.fast, width), self.pair_turning(self.slow, width)
        if self.whole:
            first, last = floor(first), ceil(last)
        first, last = max(first, 0), min(last, width - 1)
        last += 0.001 * (first == last)
        ramp = np.clip((np.arange(width // 2) - first) / (last - first), 0.0, 1.0)
        return pace * (1 - ramp + ramp / self.stretch)

    def pair_turning(self, times: float, width: int) -> float:
        """The pair (between two, mostly) that turns so often within the trained text."""
        return width * log(self.trained / (times * 2 * pi)) / (2 * log(self.base))

    @property
    def growth(self) -> float:
        """0.1 ln(stretch) + 1, or what is given"""
        return 0.1 * log(max(self.stretch, 1.0)) + 1 if self.grow is None else self.grow


class LongRope(ScaledRope):
    """Each pair has a stretch of its own, one for short texts and one for long ones.

    Formula: base^(-2t/d) / short_t up to `trained` tokens, / long_t beyond; growth
    √(1 + ln stretch / ln trained) unless given
    Paper: 2402.13753
    """

    name = "rope-long"
    prefix_stable = False  # it turns by how long the text is
    limits: ClassVar = STRETCH
    stretch: float = 1.0
    trained: int = 4096
    short: tuple[float, ...] = ()
    long: tuple[float, ...] = ()
    grow: float | None = None

    def paces(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        pace = plain_paces(self.base, width)
        stretches = self.long if n_token > self.trained else self.short
        if stretches and len(stretches) != pace.size:
            raise MisuseError(f"{self.name}: {len(stretches)} stretches for {pace.size} pairs")
        return pace / np.array(stretches or (1.0,))

    @property
    def growth(self) -> float:
        """√(1 + ln stretch / ln trained), or what is given"""
        if self.grow is not None:
            return self.grow
        return sqrt(1 + log(max(self.stretch, 1.0)) / log(max(self.trained, 2)))

    def __str__(self) -> str:
        return f"{self.name}({self.base:g}, stretch={self.stretch:g}, trained={self.trained})"


PARTS: tuple[type[Part], ...] = (LinearRope, DynamicRope, Llama3Rope, Yarn, LongRope)
