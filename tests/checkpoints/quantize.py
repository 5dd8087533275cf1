"""Quantized tiny checkpoints: FP8 with scales per block, and MXFP4 experts.

The model gets the numbers that PyTorch and `transformers` read from the quantized tensors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers.integrations.mxfp4 import FP4_VALUES, convert_moe_packed_tensors

Stored = tuple[dict[str, Any], dict[str, torch.Tensor]]  # quantization_config, and tensors by name
BLOCK = 16  # rows and columns with one scale
LARGEST = 448.0  # of float8_e4m3fn


def quantize_fp8(model: Any) -> Stored:
    """The matrices of all layers as FP8, with one scale per block."""
    stored = {}
    for name, matrix in model.state_dict().items():
        if not name.endswith("proj.weight"):
            continue
        sizes = [-(-size // BLOCK) for size in matrix.shape]
        scale = torch.empty(sizes)
        number = torch.empty(matrix.shape, dtype=torch.float8_e4m3fn)
        for i in range(sizes[0]):
            for j in range(sizes[1]):
                at = (slice(BLOCK * i, BLOCK * (i + 1)), slice(BLOCK * j, BLOCK * (j + 1)))
                scale[i, j] = matrix[at].abs().max() / LARGEST
                number[at] = (matrix[at] / scale[i, j]).to(torch.float8_e4m3fn)
                matrix[at] = number[at].float() * scale[i, j]
        stored |= {name: number, f"{name}_scale_inv": scale}
    settings = {"quant_method": "fp8", "weight_block_size": [BLOCK, BLOCK], "fmt": "e4m3"}
    return settings, stored


def quantize_mxfp4(model: Any) -> Stored:
    """The matrices of the experts of gpt-oss as MXFP4 blocks."""
    stored = {}
    table = torch.tensor(FP4_VALUES)
    for name, matrix in model.state_dict().items():
        if not name.endswith(("gate_up_proj", "down_proj")):
            continue
        rows = matrix.transpose(1, 2)
        groups = rows.reshape(*rows.shape[:-1], -1, 32)
        exponent = groups.abs().amax(-1).log2().floor() - 2
        scaled = groups / torch.exp2(exponent)[..., None]
        code = (scaled[..., None] - table).abs().argmin(-1).to(torch.uint8)
        blocks = code[..., ::2] | code[..., 1::2] << 4
        scales = (exponent + 127).to(torch.uint8)
        matrix.copy_(convert_moe_packed_tensors(blocks, scales, dtype=torch.float32))
        stored |= {f"{name}_blocks": blocks.contiguous(), f"{name}_scales": scales.contiguous()}
    return {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, stored


QUANTIZERS = {"fp8": quantize_fp8, "mxfp4": quantize_mxfp4}


def store_quantized(path: Path, stored: Stored) -> None:
    """Replace the tensors of a saved checkpoint by the quantized ones."""
    settings, quantized = stored
    names = {name.removesuffix("_blocks") for name in quantized}
    tensors = load_file(path / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if name not in names}
    save_file(kept | quantized, path / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((path / "config.json").read_text())
    config["quantization_config"] = settings
    (path / "config.json").write_text(json.dumps(config, indent=2) + "\n")
