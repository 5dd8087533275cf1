"""Norms and activations of pretrained models against the stored cases of the ONNX standard."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.sources.transformer.activations import gelu, gelu_tanh
from attnviz.sources.transformer.weights import layer_norm, rms_norm
from tests.judges.stored_cases import cases, verdicts


def flatten(case):
    """Input, weight and ε with the normalized axes as one.    [...], [...] -> [rest, d], [d]"""
    x, weight = case.inputs[:2]
    axis = case.attributes.get("axis", -1) % x.ndim
    together = x.reshape(int(np.prod(x.shape[:axis])), -1)
    return together, weight.reshape(-1), np.float32(case.attributes.get("epsilon", 1e-5))


def compute_layer_norm(case):
    """The operator's bias is added here; its mean and deviation outputs are not compared."""
    result = layer_norm(*flatten(case)) + case.inputs[2].reshape(-1)
    return [result.reshape(case.inputs[0].shape), None, None]


def compute_rms_norm(case):
    return [rms_norm(*flatten(case)).reshape(case.inputs[0].shape)]


def compute_gelu(case):
    tanh = case.attributes.get("approximate") == b"tanh"
    return [(gelu_tanh if tanh else gelu)(case.inputs[0])]


OPERATORS = {
    "layer_normalization_": (compute_layer_norm, 19),
    "rms_normalization_": (compute_rms_norm, 19),
    "gelu_": (compute_gelu, 4),
}


@pytest.mark.parametrize("prefix", OPERATORS)
def test_stored_cases_of(prefix):
    compute, n_case = OPERATORS[prefix]
    every = cases(prefix)
    assert len(every) == n_case, "the stored cases have changed"
    assert verdicts(f"stored {prefix.strip('_')}", every, compute) == []
