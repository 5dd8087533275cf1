"""KV cache: keys and values of earlier decoding steps, so that each step runs one token."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from attnviz.core.arrays import FloatArray


@dataclass
class KVCache:
    """Keys and values of earlier decoding steps, by the tensor-name prefix of their layer.

    Shapes: each [kv_head, key, d]
    """

    entries: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)

    def append(self, prefix: str, key: FloatArray, value: FloatArray) -> tuple[FloatArray, ...]:
        """Add a step; all keys and values so far.    [kv_head, new, d] -> [kv_head, key, d]"""
        if prefix in self.entries:
            old_key, old_value = self.entries[prefix]
            key = np.concatenate([old_key, key], axis=1)
            value = np.concatenate([old_value, value], axis=1)
        self.entries[prefix] = key, value
        return key, value
