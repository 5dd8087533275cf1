"""Head layouts: number of heads, shared keys and values (MQA, GQA), mixing of heads."""

from __future__ import annotations

from typing import ClassVar

from attnviz.core.arithmetic import Lines, Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part
from attnviz.errors import MisuseError


class Heads(Part):
    """A head layout: numbers of query and key/value heads, and how heads are mixed."""

    signed: ClassVar[bool] = False  # mixed weights may be negative
    output_formula: ClassVar[str] = "weights @ v"
    renamed: ClassVar = {
        **Part.renamed,
        "made_of": "n_output_heads",
        "give_values": "expand_values",
    }
    heads: int
    kv_heads: int

    @property
    def n_head(self) -> int:
        """Number of heads of the attention map."""
        return self.heads

    @property
    def n_query_head(self) -> int:
        """Number of heads with queries; more than n_head where a layout combines heads."""
        return self.heads

    @property
    def n_kv_head(self) -> int:
        """Number of heads with keys and values."""
        return self.kv_heads or self.n_query_head

    def n_output_heads(self, n_query_head: int) -> int:
        """Number of heads of the map for this many heads with queries."""
        return n_query_head * self.n_head // self.n_query_head

    def mix_logits(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """Mix heads before the normalizer.    [head, query, key] -> [head, query, key]"""
        del inputs
        return logits

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """Mix heads after the normalizer.    [query head, query, key] -> [head, query, key]"""
        del inputs
        return weights

    def source_heads(self, head: int, n_query_head: int) -> tuple[int, ...]:
        """The heads with queries whose maps a head of the result mixes; itself alone if none."""
        del n_query_head
        return (head,)

    def logit_lines(self, pair: Pair, logits: FloatArray) -> Lines:
        """The arithmetic of `mix_logits` for one pair, if any.    logits [head] -> lines"""
        del pair, logits
        yield from ()

    def weight_lines(self, pair: Pair, weights: FloatArray, weight: float) -> Lines:
        """The arithmetic of `mix_weights` for one pair, if any.

        Shapes: weights [source head] -> lines
        """
        del pair, weights, weight
        yield from ()

    def expand_values(self, value: FloatArray, n_head: int) -> FloatArray:
        """The values that each head of the map averages.

        Shapes: [kv_head, key, d] -> [head, key, d_value]
        """
        return repeat_kv(value, n_head)

    def normalize_output(self, output: FloatArray, layer: int) -> FloatArray:
        """The output of each head before the heads are joined.

        Shapes: [head, query, d_value] -> [head, query, d_value]
        """
        del layer
        return output


class MultiHead(Heads):
    """Multi-head, multi-query and grouped-query attention.

    Each of `heads` has its own query projection; `kv_heads` key/value heads are shared by
    groups of them, 0 means one per query head.
    Paper: 1706.03762; 1911.02150 (MQA, one key/value head), 2305.13245 (GQA)
    """

    name = "heads"
    limits: ClassVar = {"heads": (1, 1024), "kv_heads": (0, 1024)}
    heads: int = 1
    kv_heads: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kv_heads and self.heads % self.kv_heads:
            raise MisuseError(
                f"--kv-heads {self.kv_heads} does not divide --heads {self.heads} evenly; "
                f"try one of {', '.join(map(str, divisors(self.heads)))}"
            )

    def __str__(self) -> str:
        heads = "1 head" if self.heads == 1 else f"{self.heads} heads"
        kv_heads = "1 KV head" if self.kv_heads == 1 else f"{self.kv_heads} KV heads"
        return f"{heads}, {kv_heads}" if self.kv_heads else heads


def divisors(n: int) -> list[int]:
    """All divisors of n.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    return [i for i in range(1, n + 1) if n % i == 0]


PARTS: tuple[type[Heads], ...] = (MultiHead,)
