"""Weight files of a checkpoint: their names, and their tensors by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensor, map_file
from attnviz.sources.checkpoint.torch_file import map_torch_file

MapFile = Callable[[Path], Iterator[tuple[str, Tensor]]]

READERS: Mapping[str, MapFile] = {".safetensors": map_file, ".bin": map_torch_file}


def read_tensors(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The tensors of all files of a checkpoint, by name."""
    tensors: dict[str, Tensor] = {}
    for path in paths:
        for name, tensor in READERS[path.suffix](path):
            if name in tensors:
                raise InvalidInputError(f"tensor {name!r} is in two files of the checkpoint")
            tensors[name] = tensor
    return tensors
