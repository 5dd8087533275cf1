"""DeBERTa's convolution of the token embeddings, added to the output of the first layer."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.sources.checkpoint.config import Config, raise_invalid
from attnviz.sources.transformer.activations import find_activation
from attnviz.sources.transformer.weights import Weights


def has_convolution(name: str, config: Config) -> bool:
    """Whether a stack with such a convolution has one by its config."""
    return bool(name) and bool(config.get_optional_int("conv_kernel_size"))


def add_convolution(
    name: str, w: Weights, embeddings: FloatArray, output: FloatArray
) -> FloatArray:
    """norm(output + act(convolution(embeddings))).    [token, d], [token, d] -> [token, d]

    Paper: 2006.03654 (the code of its second version)
    """
    w = w.under(f"{name}.")
    act = find_activation(w.config.get_str("conv_act"), w.config.find("conv_act")[0])
    return w.norm(output + act(convolve(w, embeddings)), "LayerNorm")


def convolve(w: Weights, x: FloatArray) -> FloatArray:
    """Convolution over tokens, with zeros around the text.    [token, d] -> [token, d]"""
    (n_token, d), size = x.shape, w.config.get_int("conv_kernel_size")
    n_group = w.config.get_int("conv_groups")
    if size % 2 == 0:
        raise_invalid("conv_kernel_size", size, "odd")
    if d % n_group:
        raise_invalid("conv_groups", n_group, f"a divisor of {w.config.find('d_model')[0]} = {d}")
    kernel = w.get("conv.weight", (d, d // n_group, size))
    padded = np.pad(x, ((size // 2, size // 2), (0, 0)))
    y = np.tile(w.get("conv.bias", (d,)), (n_token, 1))
    for step in range(size):
        inputs = padded[step : step + n_token].reshape(n_token, n_group, -1)
        matrices = kernel[:, :, step].reshape(n_group, d // n_group, -1)
        y += np.einsum("ngi,goi->ngo", inputs, matrices).reshape(n_token, d)
    return y
