"""Activation functions against Python's math module."""

import math

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.transformer.activations import ACTIVATIONS, find_activation

POINTS = np.concatenate([np.linspace(-12, 12, 40_001), [-1e30, -88.0, 0.0, 88.0, 1e30]])
CURVE = math.sqrt(2 / math.pi)


def tanh_gelu(x):
    return 0.5 * x * (1 + math.tanh(CURVE * (x + 0.044715 * x**3))) if abs(x) < 1e3 else max(x, 0)


def logistic(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def erf_gelu(x):
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def relu6(x):
    return min(max(x, 0.0), 6.0)


def softplus(x):
    return x if x > 700 else math.log1p(math.exp(x))


EXACT = {
    "gelu": erf_gelu,
    "gelu_python": erf_gelu,
    "gelu_new": tanh_gelu,
    "gelu_10": lambda x: min(max(erf_gelu(x), -10.0), 10.0),
    "gelu_accurate": tanh_gelu,
    "gelu_fast": tanh_gelu,
    "gelu_pytorch_tanh": tanh_gelu,
    "gelu_python_tanh": tanh_gelu,
    "quick_gelu": lambda x: x * logistic(1.702 * x),
    "silu": lambda x: x * logistic(x),
    "swish": lambda x: x * logistic(x),
    "relu": lambda x: max(x, 0.0),
    "relu2": lambda x: max(x, 0.0) ** 2,
    "relu6": relu6,
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "hardswish": lambda x: x * relu6(x + 3) / 6,
    "mish": lambda x: x * math.tanh(softplus(x)),
    "laplace": lambda x: (1 + math.erf((x - 0.707107) / 0.282095 / math.sqrt(2))) / 2,
    "sigmoid": logistic,
    "linear": lambda x: x,
    "tanh": math.tanh,
}


def error(name, exact):
    """The largest error, relative to the number that went in (float32 keeps 7 digits of it)."""
    points = POINTS.astype(np.float32)
    if name.startswith("gelu_") or name == "relu2":
        points = points[np.abs(points) < 100]
    wanted = np.array([exact(float(x)) for x in points])
    with np.errstate(over="ignore"):
        got = ACTIVATIONS[name](points)
    assert got.dtype == np.float32
    scale = np.maximum(1, np.maximum(np.abs(points), np.abs(wanted)))
    return float((np.abs(got - wanted) / scale).max())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_error_is_at_most_one_float32_epsilon_of_the_input(name):
    assert error(name, EXACT[name]) <= np.finfo(np.float32).eps


def test_the_error_function_of_gelu_is_accurate_to_2e_7():
    x = POINTS[(np.abs(POINTS) > 0.1) & (np.abs(POINTS) <= 12)].astype(np.float32)
    wanted = np.array([math.erf(float(v) / math.sqrt(2)) for v in x])
    share = 2.0 * ACTIVATIONS["gelu"](x).astype(np.float64) / x - 1.0
    assert np.abs(share - wanted).max() <= 2.4e-7  # two bits of 1


def test_gelu_and_its_approximations_differ():
    assert 1e-4 < error("gelu_new", erf_gelu) < 5e-4
    assert 1e-3 < error("quick_gelu", erf_gelu) < 2.1e-2


def test_an_unknown_activation_is_refused_with_the_supported_ones():
    with pytest.raises(InvalidInputError, match="'prelu' is not supported; supported: gelu, "):
        find_activation("prelu")
