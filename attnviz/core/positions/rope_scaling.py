"""RoPE scaling: context extension by lower rotation frequencies."""

from __future__ import annotations

from math import ceil, floor, inf, log, pi, sqrt
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.part import Part
from attnviz.core.positions import BASE_MAX, Rope, Side, rotate_pairs
from attnviz.errors import MisuseError

ALIASES = Rope.tunable_aliases | {"stretch": "factor", "trained": "original_max_positions"}
LIMITS = Rope.limits | {"factor": (1e-6, 1e6), "original_max_positions": (1, inf)}


class ScaledRope(Rope):
    """RoPE with scaled frequencies, and with rotated vectors times `attention_scaling`.

    `factor` is the ratio of the extended context length to that of training,
    `original_max_positions`. Names of tunables are those of `rope_scaling` in Hugging Face
    configurations, where it has them.
    """

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """Angle, in radians, by which each pair turns per position.    -> [pair]"""
        del n_token
        return rope_frequencies(self.base, width)

    @property
    def attention_scaling(self) -> float:
        """Factor of rotated queries and keys; scores are multiplied by its square."""
        return 1.0

    def rotate(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        del side
        width = self.rotated_width(vectors.shape[-1])
        n_token = int(positions.max(initial=-1)) + 1
        angle = positions[:, None] * self.frequencies(width, n_token)
        size = self.attention_scaling
        cos, sin = size * np.cos(angle), size * np.sin(angle)
        return rotate_pairs(vectors, cos, sin, interleaved=self.pairs != "halves")


def require_order(part: Part, low: str, high: str) -> None:
    """Check that one tunable is not above another; otherwise raise MisuseError."""
    bottom, top = getattr(part, low), getattr(part, high)
    if bottom > top:
        raise MisuseError(f"{part.name}: {low}={bottom:g} should be at most {high}={top:g}")


def rope_frequencies(base: float, width: int) -> FloatArray:
    """Frequencies of unscaled RoPE: base^(-2t/width).    -> [pair]"""
    return base ** (-np.arange(0, width, 2) / width)


class LinearRope(ScaledRope):
    """Position interpolation (linear RoPE scaling): positions divided by `factor`.

    Formula: angle i · base^(-2t/d) / factor
    Paper: 2306.15595
    """

    name = "rope-linear"
    tunable_aliases: ClassVar = Rope.tunable_aliases | {"stretch": "factor"}
    limits: ClassVar = Rope.limits | {"factor": (1e-6, 1e6)}
    factor: float = 4.0

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        return rope_frequencies(self.base, width) / self.factor


class DynamicRope(ScaledRope):
    """Dynamic NTK scaling: the base grows with the length of a text beyond the trained one.

    Formula: base · (factor · n/L - (factor - 1))^(d/(d-2)), n the number of tokens, at least
    L = original_max_positions
    Paper: 2309.00071 (section 3, "dynamic NTK")
    """

    name = "rope-dynamic"
    prefix_stable = False  # frequencies depend on the sequence length
    tunable_aliases: ClassVar = ALIASES
    limits: ClassVar = LIMITS
    factor: float = 2.0
    original_max_positions: int = 2048

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        ratio = max(n_token, self.original_max_positions) / self.original_max_positions
        scale = (self.factor * ratio - (self.factor - 1)) ** (width / max(width - 2, 1))
        return rope_frequencies(self.base * scale, width)


class Llama3Rope(ScaledRope):
    """Llama 3 RoPE scaling: low frequencies divided by `factor`, high ones kept.

    Formula: pairs with fewer than `low_freq_factor` rotations within `original_max_positions`
    have their frequency divided by `factor`, those with more than `high_freq_factor` keep it,
    between them the two are interpolated linearly in the number of rotations.
    Paper: 2407.21783
    """

    name = "rope-llama3"
    tunable_aliases: ClassVar = ALIASES | {"low": "low_freq_factor", "high": "high_freq_factor"}
    limits: ClassVar = LIMITS | {"low_freq_factor": (0.0, inf), "high_freq_factor": (0.0, inf)}
    factor: float = 8.0
    original_max_positions: int = 8192
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_order(self, "low_freq_factor", "high_freq_factor")

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        frequency = rope_frequencies(self.base, width)
        rotations = self.original_max_positions * frequency / (2 * pi)
        band = max(self.high_freq_factor - self.low_freq_factor, 1e-9)
        unscaled = np.clip((rotations - self.low_freq_factor) / band, 0.0, 1.0)
        return frequency * (unscaled + (1 - unscaled) / self.factor)


class Yarn(ScaledRope):
    """YaRN: low frequencies interpolated along a ramp over the pairs, and larger logits.

    Formula: frequency times (1 - ramp + ramp/factor); the ramp rises linearly in the index of
    the pair, from the pair with `beta_fast` rotations within `original_max_positions` to the
    one with `beta_slow`; `truncate` rounds both ends outwards. `attention_factor` scales the
    rotated vectors, by default 0.1 ln(factor) + 1.
    Paper: 2309.00071
    """

    name = "rope-yarn"
    tunable_aliases: ClassVar = ALIASES | {
        "fast": "beta_fast",
        "slow": "beta_slow",
        "grow": "attention_factor",
        "whole": "truncate",
    }
    limits: ClassVar = {
        **LIMITS,
        "base": (1.01, BASE_MAX),
        "beta_fast": (1e-6, 1e6),
        "beta_slow": (1e-6, 1e6),
    }
    factor: float = 4.0
    original_max_positions: int = 2048
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float | None = None
    truncate: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_order(self, "beta_slow", "beta_fast")

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        frequency = rope_frequencies(self.base, width)
        first = self.pair_with_rotations(self.beta_fast, width)
        last = self.pair_with_rotations(self.beta_slow, width)
        if self.truncate:
            first, last = floor(first), ceil(last)
        first, last = max(first, 0), min(last, width - 1)
        last += 0.001 * (first == last)
        ramp = np.clip((np.arange(width // 2) - first) / (last - first), 0.0, 1.0)
        return frequency * (1 - ramp + ramp / self.factor)

    def pair_with_rotations(self, n_rotation: float, width: int) -> float:
        """Fractional index of the pair with this many rotations over the trained length."""
        wavelength = self.original_max_positions / (n_rotation * 2 * pi)
        return width * log(wavelength) / (2 * log(self.base))

    @property
    def attention_scaling(self) -> float:
        """attention_factor, by default 0.1 ln(factor) + 1"""
        if self.attention_factor is not None:
            return self.attention_factor
        return 0.1 * log(max(self.factor, 1.0)) + 1


class LongRope(ScaledRope):
    """LongRoPE: a divisor per pair, one set for short texts and one for long ones.

    Formula: frequency base^(-2t/d) / short_factor_t up to `original_max_positions` tokens,
    / long_factor_t beyond; `attention_factor` scales the rotated vectors, by default
    √(1 + ln factor / ln original_max_positions)
    Paper: 2402.13753
    """

    name = "rope-long"
    prefix_stable = False  # frequencies depend on the sequence length
    tunable_aliases: ClassVar = ALIASES | {
        "short": "short_factor",
        "long": "long_factor",
        "grow": "attention_factor",
    }
    limits: ClassVar = LIMITS
    factor: float = 1.0
    original_max_positions: int = 4096
    short_factor: tuple[float, ...] = ()
    long_factor: tuple[float, ...] = ()
    attention_factor: float | None = None

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        frequency = rope_frequencies(self.base, width)
        is_long = n_token > self.original_max_positions
        factors = self.long_factor if is_long else self.short_factor
        if factors and len(factors) != frequency.size:
            raise MisuseError(f"{self.name}: {len(factors)} factors for {frequency.size} pairs")
        return frequency / np.array(factors or (1.0,))

    @property
    def attention_scaling(self) -> float:
        """attention_factor, by default √(1 + ln factor / ln original_max_positions)"""
        if self.attention_factor is not None:
            return self.attention_factor
        return sqrt(1 + log(max(self.factor, 1.0)) / log(max(self.original_max_positions, 2)))

    def __str__(self) -> str:
        length = self.original_max_positions
        return (
            f"{self.name}({self.base:g}, factor={self.factor:g}, original_max_positions={length})"
        )


PARTS: tuple[type[Part], ...] = (LinearRope, DynamicRope, Llama3Rope, Yarn, LongRope)
