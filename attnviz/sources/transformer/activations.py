"""Activations: what happens to each number between the two halves of a feed-forward layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError

Activation: TypeAlias = Callable[[FloatArray], FloatArray]

REACH = np.float32(5.5)  # beyond, the error function is 1 to the last bit of a float32

# Of atanh(erf(x/√2)) / x in powers of x², the polynomial whose tanh is nowhere further than
# 5.8e-8 from the error function up to REACH: minimax, found by reweighted least squares.
BEND: FloatArray = np.array(
    [0.797884941, 0.0363330844, -3.2594688e-05, -5.53063435e-05, 3.96477861e-06,
     -1.32266757e-07, 1.75629195e-09],
    dtype=np.float32,
)  # fmt: skip


def gelu(x: FloatArray) -> FloatArray:
    """x times the share of a normal distribution below x.    [...] -> [...]

    Formula: x Φ(x) = x/2 (1 + erf(x/√2)), erf(x/√2) = tanh(x (b₀ + b₁x² + b₂x⁴ + …))
    Paper: 1606.08415
    """
    square = np.minimum(np.abs(x), REACH)
    np.square(square, out=square)
    made = square * BEND[-1]
    for factor in BEND[-2:0:-1]:
        made += factor
        made *= square
    made += BEND[0]
    made *= x
    np.tanh(made, out=made)
    made += np.float32(1)
    made *= x
    made *= np.float32(0.5)
    return made


def gelu_tanh(x: FloatArray) -> FloatArray:
    """The same, by a hyperbolic tangent; up to 4.7e-4 away from it.    [...] -> [...]

    Paper: 1606.08415
    """
    x = x.astype(np.float32, copy=False)
    inner = np.float32(sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (1 + np.tanh(inner))


def quick_gelu(x: FloatArray) -> FloatArray:
    """x σ(1.702 x)    [...] -> [...]"""
    return x * sigmoid(np.float32(1.702) * x)


def silu(x: FloatArray) -> FloatArray:
    """x σ(x)    [...] -> [...]

    Paper: 1702.03118
    """
    return x * sigmoid(x)


def relu(x: FloatArray) -> FloatArray:
    """What is below 0 becomes 0.    [...] -> [...]"""
    return np.maximum(x, 0)


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) = (1 + tanh(x/2)) / 2    [...] -> [...]"""
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "gelu": gelu,
        "gelu_python": gelu,
        "gelu_new": gelu_tanh,
        "gelu_fast": gelu_tanh,
        "gelu_pytorch_tanh": gelu_tanh,
        "gelu_python_tanh": gelu_tanh,
        "quick_gelu": quick_gelu,
        "silu": silu,
        "swish": silu,
        "relu": relu,
        "tanh": np.tanh,
    }
)


def activation(name: str) -> Activation:
    """The activation that a config names."""
    if name not in ACTIVATIONS:
        there = ", ".join(ACTIVATIONS)
        raise InvalidInputError(
            f"config.json: the activation {name!r} is not supported; there are {there}"
        )
    return ACTIVATIONS[name]
