"""Initialization: the distribution of a learned parameter before training."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.seeded_random import draw_uniform
from attnviz.record import Record


class Initial(Record):
    """Uniform numbers around `center` with standard deviation `std`; by default a constant."""

    center: float = 0.0
    std: float = 0.0

    def draw(self, shape: Shape, *role: str | int) -> FloatArray:
        """Random numbers, keyed by their role.    -> [*shape]"""
        if self.std == 0.0:
            return np.full(shape, self.center)
        return self.center + draw_uniform(shape, *role, variance=self.std**2)


class UniformBetween(Initial):
    """Uniform numbers from `low` to `high`."""

    low: float = 0.0
    high: float = 1.0

    def draw(self, shape: Shape, *role: str | int) -> FloatArray:
        """Random numbers, keyed by their role.    -> [*shape]"""
        signed = draw_uniform(shape, *role, variance=1.0 / 3.0)  # [-1, 1)
        return self.low + (self.high - self.low) * (signed + 1.0) / 2.0


class LogOfUniform(UniformBetween):
    """Logarithms of uniform numbers from `low` to `high`: parameters that pass an exponential."""

    def draw(self, shape: Shape, *role: str | int) -> FloatArray:
        """Random numbers, keyed by their role.    -> [*shape]"""
        return np.log(super().draw(shape, *role))


class StepBias(UniformBetween):
    """Numbers whose softplus is log-uniform from `low` to `high`: biases of step sizes."""

    def draw(self, shape: Shape, *role: str | int) -> FloatArray:
        """Random numbers, keyed by their role.    -> [*shape]"""
        logs = UniformBetween(low=float(np.log(self.low)), high=float(np.log(self.high)))
        return np.log(np.expm1(np.exp(logs.draw(shape, *role))))


class UnitKernel(Initial):
    """A convolution kernel that changes nothing: 1 at `row`, `column`, else 0."""

    row: int = 0
    column: int = 0

    def draw(self, shape: Shape, *role: str | int) -> FloatArray:
        """The kernel.    -> [*shape]"""
        del role
        kernel = np.zeros(shape)
        kernel[self.row, self.column] = 1.0
        return kernel
