"""Quantization of a checkpoint: the methods that can be read, from quantization_config."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import Config, check_int, format_value, raise_invalid

FP8_BLOCK = [128, 128]  # rows and columns with one scale, unless the config states others

# Methods of FP8 and MXFP4 weights, and the settings that tell them from others of the method.
METHODS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "fp8": {},
        "fbgemm_fp8": {},
        "mxfp4": {},
        "compressed-tensors": {"format": "float-quantized"},
        "modelopt": {"quant_algo": "FP8"},
    }
)


def check_quantization(config: Config) -> None:
    """Raise InvalidInputError for quantized weights that cannot be read."""
    settings = config.get_dict("quantization_config")
    if not settings:
        return
    method = settings.get("quant_method")
    needed = METHODS.get(method) if isinstance(method, str) else None
    if needed is not None and all(settings.get(key) == value for key, value in needed.items()):
        return
    given = {key: settings.get(key) for key in needed or ()}
    supported = ", ".join(name + describe(settings) for name, settings in METHODS.items())
    raise InvalidInputError(
        "config.json: quantization_config: quantized weights with quant_method = "
        f"{format_value(method)}{describe(given)} are not supported; supported: {supported}. Use "
        "the original model without quantization, or a GGUF file of it"
    )


def describe(settings: Mapping[str, Any]) -> str:
    """Further settings of a method, for a message."""
    return "".join(f" with {key} = {format_value(value)}" for key, value in settings.items())


def scale_block(config: Config) -> tuple[int, int]:
    """Rows and columns of a block of FP8 weights with one scale."""
    key = "weight_block_size"
    block = config.get_dict("quantization_config").get(key) or FP8_BLOCK
    if not isinstance(block, list) or len(block) != 2:
        raise_invalid(key, block, "a list of two integers, the rows and columns of a block")
    n_row, n_column = (check_int(key, size, key) for size in block)
    return n_row, n_column
