"""What is kept of the layers that run: collectors take blocks of weights and make a whole.

A layer runs once, block by block, whoever collects. A collector says which layers it wants;
for each of them it opens a sheet, which digests every block where it was made, in any thread,
and adds up the digests in order. So sums too are the same, bit for bit, for any number of
threads, and nothing of the size n × n lives unless somebody keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.attention import Block, combine
from attnviz.core.engine.blocks import blocks
from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.part import Inputs
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

Choose = Callable[[LayerCall], Variant]

NOTHING: FloatArray = np.zeros((0, 0, 0), dtype=np.float32)  # an output that nobody reads


class Sheet(Protocol):
    """What is kept of one layer."""

    def digest(self, block: Block) -> Any:
        """What is needed of a block; called in any thread, so it writes where no other does."""

    def add(self, digested: Any) -> None:
        """The digests of all blocks, one after the other in their order."""


def run(
    variant: Variant, inputs: Inputs, value: FloatArray | None, sheet: Sheet | None = None
) -> FloatArray | None:
    """One layer, block by block; its output where there are values.

    Shapes: value [head, key, d_value] -> [head, query, d_value]
    """
    query, output = inputs.query, None
    if value is not None:
        dtype = np.result_type(query.dtype, value.dtype)
        output = np.empty((len(value), query.shape[1], value.shape[-1]), dtype)

    def use(block: Block) -> Any:
        weights = block.weights.astype(query.dtype, copy=False)
        if output is not None and value is not None:
            heads, rows, keys = block.place
            output[heads, rows] = combine(weights, value[heads, keys], block.place)
        return None if sheet is None else sheet.digest(block._replace(weights=weights))

    for digested in blocks(variant, inputs, use):
        if sheet is not None:
            sheet.add(digested)
    return output


def unkept(call: LayerCall) -> FloatArray:
    """Run a layer by its own mechanism and keep nothing.    -> [head, query, d]"""
    output = run(call.own, call.inputs, call.value)
    assert output is not None  # a call has values
    return output


@dataclass
class Collector:
    """Wants some layers and heads; None means all of them.

    Asking for one that does not exist is a MisuseError.
    """

    layers: Collection[int] | None = None
    heads: Collection[int] | None = None
    kept: list[int] = field(default_factory=list)
    kept_heads: tuple[int, ...] = ()
    variants: list[Variant] = field(default_factory=list)

    def wants(self, layer: int) -> bool:
        """Whether anything of this layer is kept."""
        return self.layers is None or layer in self.layers

    def laws(self) -> dict[str, Any]:
        """What holds for all that was kept: the algebra, what rows sum to, whether signs occur."""
        sums = {variant.row_sum for variant in self.variants}
        algebras = list(dict.fromkeys(variant.algebra for variant in self.variants))
        return {
            "algebra": "; ".join(algebras),
            "row_sum": next(law for law in ("any", "at most 1", "1") if law in sums),
            "signed": any(variant.signed for variant in self.variants),
        }

    def attend(self, choose: Choose = lambda call: call.own) -> Attend:
        """The callback a source runs its layers with; `choose` says by which mechanism."""

        def attend(call: LayerCall) -> FloatArray:
            variant, sheet = choose(call), None
            if self.wants(call.layer):
                self.choose_heads(variant.heads.made_of(len(call.inputs.query)))
                sheet = self.open(call, variant)
                self.kept.append(call.layer)
                self.variants.append(variant)
            output = run(variant, call.inputs, call.value if call.read else None, sheet)
            return NOTHING if output is None else output

        return attend

    def choose_heads(self, n_head: int) -> None:
        """Of so many heads, those that are wanted."""
        self.kept_heads = tuple(range(n_head)) if self.heads is None else tuple(self.heads)
        for head in self.kept_heads:
            if not 0 <= head < n_head:
                raise MisuseError(f"there is no head {head}; there are 0 to {n_head - 1}")

    def mine(self, block: Block) -> Iterator[tuple[int, int]]:
        """The wanted heads of a block: where they stand in it, and where they are kept."""
        first = block.place.heads.start or 0
        for at, head in enumerate(self.kept_heads):
            if first <= head < first + len(block.weights):
                yield head - first, at

    def open(self, call: LayerCall, variant: Variant) -> Sheet:
        """A sheet for a layer that is wanted."""
        raise TypeError(f"{type(self).__name__} does not say what it keeps")


@dataclass
class FullMap(Collector):
    """Keeps the weights of the wanted layers and heads, as float32."""

    with_vectors: bool = False
    weights: list[FloatArray] = field(default_factory=list)
    visible: list[BoolArray] = field(default_factory=list)
    queries: list[FloatArray] = field(default_factory=list)
    keys: list[FloatArray] = field(default_factory=list)

    def open(self, call: LayerCall, variant: Variant) -> FullSheet:
        """Room for a layer."""
        inputs, chosen = call.inputs, list(self.kept_heads)
        sheet = FullSheet.of(variant, inputs, self.mine, len(chosen))
        self.weights.append(sheet.weights)
        self.visible.append(sheet.visible)
        if self.with_vectors and variant.heads.made_of(len(inputs.query)) == len(inputs.query):
            self.queries.append(inputs.query[chosen].astype(np.float32))
            self.keys.append(inputs.key[chosen].astype(np.float32))
        return sheet


class FullSheet(Record):
    """All weights of a layer.    [head, query, key], [head | 1, query, key]"""

    weights: FloatArray
    visible: BoolArray
    mine: Callable[[Block], Iterator[tuple[int, int]]]

    @classmethod
    def of(
        cls,
        variant: Variant,
        inputs: Inputs,
        mine: Callable[[Block], Iterator[tuple[int, int]]],
        n_head: int,
        dtype: Any = np.float32,
    ) -> FullSheet:
        """An empty sheet; what is not written stays 0, and hidden."""
        pairs = inputs.query.shape[1], inputs.key.shape[1]
        shown = n_head if variant.sees_by_head(inputs.grid) else 1
        return cls(np.zeros((n_head, *pairs), dtype), np.zeros((shown, *pairs), bool), mine)

    def digest(self, block: Block) -> None:
        """Keep a block where it belongs."""
        _, rows, keys = block.place
        for head, at in self.mine(block):
            self.weights[at][rows, keys] = block.weights[head]
            if at < len(self.visible):
                shown = block.visible[head if len(block.visible) > 1 else 0]
                self.visible[at][rows, keys] = shown

    def add(self, digested: None) -> None:
        """Blocks keep themselves."""
