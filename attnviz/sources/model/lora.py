"""LoRA adapters (PEFT), merged into the weights of a model as they are used.

Formula: W + s B A, with s = alpha / r
Paper: 2106.09685
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from attnviz.core.arrays import FloatArray
from attnviz.errors import AttnvizWarning, CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensor, TensorIndex, Tensors
from attnviz.sources.checkpoint.weight_files import read_tensors
from attnviz.sources.model.adapter_config import CONFIG, AdapterConfig, read_adapter_config
from attnviz.sources.model.checkpoint import Checkpoint

WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
PREFIX = "base_model.model."
# Ends of names: factors A and B of linear layers and of embeddings.
FACTORS = {
    "lora_A.weight": "A",
    "lora_B.weight": "B",
    "lora_embedding_A": "embedding A",
    "lora_embedding_B": "embedding B",
}
SAVED_MODULE = ".modules_to_save"


class LowRankTensor(Tensor, eq=False):
    """A matrix with a low-rank update: W + s L R; only the indexed part is computed.

    Shapes: W [rows, columns], left [rows, rank], right [rank, columns]
    """

    base: Tensor
    left: FloatArray
    right: FloatArray
    scale: float

    @property
    def is_readable(self) -> bool:
        """Whether the weight without the update can be converted to float32."""
        return self.base.is_readable

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed part as float32.    -> [*index]"""
        rows, columns = index if isinstance(index, tuple) else (index, slice(None))
        update = self.left[rows] @ self.right[:, columns]
        update *= self.scale
        return self.base.read(index) + update


def apply_adapter(model: Checkpoint, name: str) -> Checkpoint:
    """The model with the adapter of a folder merged into its weights.

    Raises CouldNotError for a folder without an adapter, InvalidInputError for an adapter that
    does not fit the model or that is not supported.
    """
    folder = Path(os.path.expanduser(name))  # noqa: PTH111 (as for models)
    config = read_adapter_config(folder)
    path = next((folder / file for file in WEIGHTS if (folder / file).is_file()), None)
    if path is None:
        raise CouldNotError(f"{name!r} has neither {WEIGHTS[0]} nor {WEIGHTS[1]}")
    stored = Tensors(read_tensors([path]))
    merged = dict(model.tensors.by_name)
    factors: dict[str, dict[str, Tensor]] = {}
    unused = []
    for full_name, tensor in stored.by_name.items():
        module, kind = split_name(full_name)
        if kind:
            factors.setdefault(module, {})[kind] = tensor
        elif (own := find_weight(model.tensors, module)) is None:
            unused.append(module)
        else:
            check_shape(module, tensor.shape, merged[own].shape)
            merged[own] = tensor
    for module, parts in factors.items():
        own = find_weight(model.tensors, f"{module}.weight")
        if own is None:
            raise InvalidInputError(
                f"adapter {name!r} changes {module!r:.120}, which {model.name!r} does not have; "
                f"it is for {config.base_model!r:.120}"
            )
        merged[own] = merge(merged[own], module, parts, config)
    if unused:
        warn(f"adapter {name!r}: {', '.join(sorted(unused))[:200]} is not part of the model")
    return replace(model, tensors=replace(model.tensors, by_name=merged))


def split_name(full_name: str) -> tuple[str, str]:
    """The module of an adapter's tensor, and which factor it is; "" for a whole weight.

    Raises InvalidInputError for a tensor of another kind of adapter.

    >>> split_name("base_model.model.h.0.attn.lora_A.weight")
    ('h.0.attn', 'A')
    """
    if not full_name.startswith(PREFIX):
        raise InvalidInputError(f"adapter tensor {full_name!r:.120} does not begin with {PREFIX}")
    name = full_name.removeprefix(PREFIX)
    for end, kind in FACTORS.items():
        if name.endswith(f".{end}"):
            return name.removesuffix(f".{end}"), kind
    if "lora_" in name or (name.endswith(".bias") and SAVED_MODULE not in name):
        raise InvalidInputError(f"adapter tensor {full_name!r:.120} is not supported")
    return name.replace(SAVED_MODULE, ""), ""


def find_weight(tensors: Tensors, name: str) -> str | None:
    """The name of a weight in the base model, which may have been saved without its head."""
    shorter = (name.removeprefix(prefix) for prefix in tensors.prefixes if prefix)
    return tensors.find(name, *shorter)


def merge(
    weight: Tensor, module: str, parts: Mapping[str, Tensor], config: AdapterConfig
) -> LowRankTensor:
    """A weight with the update of its module's factors."""
    kinds = list(parts)
    if sorted(kinds) not in (["A", "B"], ["embedding A", "embedding B"]):
        raise InvalidInputError(f"adapter of {module!r:.120} has the factors {', '.join(kinds)}")
    a, b = (parts[kind] for kind in sorted(kinds))
    rank, is_embedding = config.rank(module), "embedding A" in parts
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[0] != rank or b.shape[1] != rank:
        raise InvalidInputError(
            f"adapter of {module!r:.120} has factors of shape {a.shape} and {b.shape}; its rank "
            f"should be {rank} by {CONFIG}"
        )
    left, right = b.read(), a.read()
    if is_embedding or config.fan_in_fan_out:
        left, right = right.T, left.T
    check_shape(module, (left.shape[0], right.shape[1]), weight.shape)
    stored = (weight.file, weight.dtype, weight.shape, weight.start, weight.end)
    return LowRankTensor(*stored, weight, left, right, config.scale(module))


def check_shape(module: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise InvalidInputError for a shape that is not that of the base model's weight."""
    if shape != expected:
        raise InvalidInputError(
            f"adapter of {module!r:.120} is for a weight of {' × '.join(map(str, shape))}; that "
            f"of the model is {' × '.join(map(str, expected))}"
        )


def warn_of_adapter(folder: Path) -> None:
    """A remark on an adapter that lies beside a model's weights and is not applied."""
    if (folder / CONFIG).is_file():
        warn(
            f"{str(folder)!r} also holds an adapter ({CONFIG}), which is not applied; apply it "
            f"with --adapter {folder}"
        )


def warn(message: str) -> None:
    """A remark on the result."""
    warnings.warn(message, AttnvizWarning, stacklevel=2)
