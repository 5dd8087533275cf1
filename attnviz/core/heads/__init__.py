"""Head plans: how many heads, which keys they share, and whether they are mixed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs, Part
from attnviz.errors import MisuseError, ShapeError


class Heads(Part):
    """How many heads look, and with whose keys."""

    signed: ClassVar[bool] = False  # mixing may make weights negative
    heads: int
    kv_heads: int

    @property
    def n_head(self) -> int:
        """Heads of the map that comes out."""
        return self.heads

    @property
    def n_query_head(self) -> int:
        """Heads that have queries of their own; more than n_head where heads are joined."""
        return self.heads

    @property
    def n_kv_head(self) -> int:
        """Heads that have keys and values of their own."""
        return self.kv_heads or self.n_query_head

    def made_of(self, n_query_head: int) -> int:
        """How many heads the map has that comes of so many heads with queries."""
        return n_query_head * self.n_head // self.n_query_head

    def mix_logits(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """Heads may talk before weights are made.    [head, query, key] -> [head, query, key]"""
        del inputs
        return logits

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """Heads may talk afterwards.    [query head, query, key] -> [head, query, key]"""
        del inputs
        return weights

    def give_values(self, value: FloatArray, n_head: int) -> FloatArray:
        """The values that each head of the map takes from.

        Shapes: [kv_head, key, d] -> [head, key, d_value]
        """
        return share(value, n_head)


class MultiHead(Heads):
    """Heads side by side, each with its own projections; `kv_heads` 0 means: keys unshared.

    Paper: 1706.03762; shared keys 1911.02150 (one) and 2305.13245 (groups)
    """

    name = "heads"
    limits: ClassVar = {"heads": (1, 1024), "kv_heads": (0, 1024)}
    heads: int = 1
    kv_heads: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kv_heads and self.heads % self.kv_heads:
            raise MisuseError(
                f"kv-heads={self.kv_heads} does not divide heads={self.heads} evenly; "
                f"try one of {', '.join(map(str, divisors(self.heads)))}"
            )

    def __str__(self) -> str:
        heads = "1 head" if self.heads == 1 else f"{self.heads} heads"
        return f"{heads} share {self.kv_heads}" if self.kv_heads else heads


def divisors(n: int) -> list[int]:
    """What divides n evenly.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    return [i for i in range(1, n + 1) if n % i == 0]


def share(kv: FloatArray, n_head: int) -> FloatArray:
    """Let n_head query heads share fewer key heads; head i uses key head i // group.

    Shapes: [kv_head, key, d] -> [head, key, d]
    """
    group, rest = divmod(n_head, kv.shape[0])
    if rest or not group:
        raise ShapeError(f"{n_head} query heads cannot share {kv.shape[0]} key heads evenly")
    return kv if group == 1 else np.repeat(kv, group, axis=0)


PARTS: tuple[type[Heads], ...] = (MultiHead,)
