"""Fixed scales other than 1/√d: by the width itself, or by the position."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs
from attnviz.core.scales import Scale


class InverseWidth(Scale):
    """Keeps scores of one size however wide the trained model is.

    Formula: 1/d
    Paper: 2203.03466
    """

    name = "inverse-d"

    def __call__(self, inputs: Inputs) -> float:
        """1/d"""
        return 1.0 / inputs.query.shape[-1]


class RootShared(Scale):
    """Keeps the spread of a sum of several products what one of them has under 1/√d.

    Formula: 1/√(products d)
    Paper: 2006.15595 (two), 2006.03654 (three)
    """

    name = "root-shared"
    limits: ClassVar = {"products": (1, inf)}
    products: int = 2

    def __call__(self, inputs: Inputs) -> float:
        """1/√(products d)"""
        return float(1.0 / np.sqrt(self.products * inputs.query.shape[-1]))


class GrowingScale(Scale):
    """Late queries have more keys to choose from and look more sharply.

    Formula: (1 + growth · log(⌊(i+1)/floor⌋ + 1)) / √d
    """

    name = "growing"
    limits: ClassVar = {"floor": (1, inf)}
    growth: float = 0.1
    floor: int = 8192

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [1, query, 1]"""
        steps = np.floor((inputs.grid.q + 1) / self.floor)
        return (1.0 + self.growth * np.log1p(steps)) / np.sqrt(inputs.query.shape[-1])


class Bandwidth(Scale):
    """How quickly a Gaussian kernel fades with the distance.

    Formula: 1 / (2 bandwidth²)
    """

    name = "bandwidth"
    limits: ClassVar = {"bandwidth": (1e-6, inf)}
    bandwidth: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """1 / (2 bandwidth²)"""
        del inputs
        return 0.5 / self.bandwidth**2


PARTS: tuple[type[Scale], ...] = (InverseWidth, RootShared, GrowingScale, Bandwidth)
