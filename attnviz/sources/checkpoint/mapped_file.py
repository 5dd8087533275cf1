"""Memory-mapped files, which another program may truncate while they are in use."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.errors import InvalidInputError


def map_bytes(path: Path) -> NDArray[np.uint8]:
    """The bytes of a file, read when they are used.    -> [byte]

    Raises ValueError for an empty file, OSError for one that cannot be read.
    """
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))


def require_whole(data: NDArray[np.uint8]) -> None:
    """Raise InvalidInputError where a file is shorter now than when it was mapped.    [byte]

    To read beyond its end would end the process with a bus error.
    """
    mapping = find_mapping(data)
    if mapping is not None and mapping.size() < len(mapping):
        raise InvalidInputError(
            f"a file of the model was truncated while it was read: it has {mapping.size():,} of "
            f"{len(mapping):,} bytes; run again when it is complete"
        )


def find_mapping(data: Any) -> mmap.mmap | None:
    """The mapping that an array is a view of; None for an array in memory."""
    while not isinstance(data, mmap.mmap):
        data = data.obj if isinstance(data, memoryview) else getattr(data, "base", None)
        if data is None:
            return None
    return data
