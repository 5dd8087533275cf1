"""Activation functions of feed-forward layers: GELU and its approximations, SiLU, ReLU…"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError

Activation: TypeAlias = Callable[[FloatArray], FloatArray]

ERF_SATURATION = np.float32(5.5)  # beyond, the error function is 1 to the last bit of a float32

# Minimax polynomial of atanh(erf(x/√2)) / x in powers of x²: its tanh is within 5.8e-8 of the
# error function up to ERF_SATURATION. Fitted by reweighted least squares.
ERF_COEFFICIENTS: FloatArray = np.array(
    [0.797884941, 0.0363330844, -3.2594688e-05, -5.53063435e-05, 3.96477861e-06,
     -1.32266757e-07, 1.75629195e-09],
    dtype=np.float32,
)  # fmt: skip


def gelu(x: FloatArray) -> FloatArray:
    """GELU: x times the standard normal distribution function at x.    [...] -> [...]

    Formula: x Φ(x) = x/2 (1 + erf(x/√2))
    Paper: 1606.08415
    """
    y = normal_erf(x)
    y += np.float32(1)
    y *= x
    y *= np.float32(0.5)
    return y


def normal_erf(x: FloatArray) -> FloatArray:
    """Probability of the standard normal distribution between -|x| and |x|, with the sign of x.

    Formula: erf(x/√2) = tanh(x (b₀ + b₁x² + b₂x⁴ + …))
    Shapes: [...] -> [...]
    """
    square = np.minimum(np.abs(x), ERF_SATURATION)
    np.square(square, out=square)
    y = square * ERF_COEFFICIENTS[-1]
    for factor in ERF_COEFFICIENTS[-2:0:-1]:
        y += factor
        y *= square
    y += ERF_COEFFICIENTS[0]
    y *= x
    np.tanh(y, out=y)
    return y


def gelu_10(x: FloatArray) -> FloatArray:
    """GELU, clipped to ±10 for quantization.    [...] -> [...]

    Paper: 2004.09602
    """
    return np.clip(gelu(x), -10, 10)


def laplace(x: FloatArray) -> FloatArray:
    """Normal distribution function of mean √½ and variance 1/(4π).    [...] -> [...]

    Paper: 2209.10655 (Mega), with its constants 0.707107 and 0.282095
    """
    return np.float32(0.5) * (1 + normal_erf((x - np.float32(0.707107)) / np.float32(0.282095)))


def gelu_tanh(x: FloatArray) -> FloatArray:
    """The tanh approximation of GELU; it differs by up to 4.7e-4.    [...] -> [...]

    Paper: 1606.08415
    """
    x = x.astype(np.float32, copy=False)
    inner = np.float32(sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (1 + np.tanh(inner))


def quick_gelu(x: FloatArray) -> FloatArray:
    """The sigmoid approximation of GELU, x σ(1.702 x).    [...] -> [...]"""
    return x * sigmoid(np.float32(1.702) * x)


def silu(x: FloatArray) -> FloatArray:
    """SiLU (swish), x σ(x).    [...] -> [...]

    Paper: 1702.03118
    """
    return x * sigmoid(x)


def relu(x: FloatArray) -> FloatArray:
    """ReLU, max(x, 0).    [...] -> [...]"""
    return np.maximum(x, 0)


def relu2(x: FloatArray) -> FloatArray:
    """Squared ReLU, max(x, 0)².    [...] -> [...]

    Paper: 2109.08668
    """
    return np.square(np.maximum(x, 0))


def relu6(x: FloatArray) -> FloatArray:
    """ReLU clipped at 6.    [...] -> [...]"""
    return np.clip(x, 0, 6)


def leaky_relu(x: FloatArray) -> FloatArray:
    """Leaky ReLU: x, or 0.01 x below 0.    [...] -> [...]"""
    return np.where(x < 0, np.float32(0.01) * x, x)


def hard_swish(x: FloatArray) -> FloatArray:
    """Hard swish, x relu6(x + 3) / 6.    [...] -> [...]

    Paper: 1905.02244
    """
    return x * (relu6(x + np.float32(3)) / np.float32(6))


def mish(x: FloatArray) -> FloatArray:
    """Mish, x tanh(log(1 + exp(x))).    [...] -> [...]

    Paper: 1908.08681
    """
    return x * np.tanh(softplus(x))


def softplus(x: FloatArray) -> FloatArray:
    """Softplus, log(1 + exp(x)).    [...] -> [...]"""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def xielu(x: FloatArray, alpha_p: FloatArray, alpha_n: FloatArray) -> FloatArray:
    """xIELU: the integral of a leaky ELU, quadratic above 0, with two learned parameters.

    Formula: a_p x² + x/2 above 0, a_n (exp(x) - 1 - x) + x/2 below, with a_p = softplus(alpha_p)
    and a_n = 1/2 + softplus(alpha_n); exp(x) is that of -1e-6 above it
    Shapes: [...], [1], [1] -> [...]
    Paper: 2411.13010
    """
    half = np.float32(0.5)
    above = softplus(alpha_p) * x * x
    growth = np.expm1(np.minimum(x, np.float32(-1e-6)))
    below = (half + softplus(alpha_n)) * (growth - x)
    return np.where(x > 0, above, below) + half * x


def linear(x: FloatArray) -> FloatArray:
    """The identity.    [...] -> [...]"""
    return x


def sigmoid(x: FloatArray) -> FloatArray:
    """Logistic function, 1 / (1 + exp(-x)) = (1 + tanh(x/2)) / 2.    [...] -> [...]"""
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "gelu": gelu,
        "gelu_python": gelu,
        "gelu_new": gelu_tanh,
        "gelu_10": gelu_10,
        "gelu_accurate": gelu_tanh,
        "gelu_fast": gelu_tanh,
        "gelu_pytorch_tanh": gelu_tanh,
        "gelu_python_tanh": gelu_tanh,
        "quick_gelu": quick_gelu,
        "silu": silu,
        "swish": silu,
        "relu": relu,
        "relu2": relu2,
        "relu6": relu6,
        "leaky_relu": leaky_relu,
        "hardswish": hard_swish,
        "mish": mish,
        "laplace": laplace,
        "sigmoid": sigmoid,
        "linear": linear,
        "tanh": np.tanh,
    }
)


def find_activation(name: str, key: str = "activation") -> Activation:
    """The activation function of a name, as config.json spells it under a key."""
    if name not in ACTIVATIONS:
        supported = ", ".join(ACTIVATIONS)
        raise InvalidInputError(
            f"config.json: {key} = {name!r:.80} is not supported; supported: {supported}"
        )
    return ACTIVATIONS[name]
