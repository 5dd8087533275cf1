"""A mechanism: which part sits in which slot.

logits  = bias( scale · score( position(query), position(key) ) )
weights = normalize(logits, visible)          visible = mask(grid)
output  = weights @ value
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal

import numpy as np

from attnviz.core.arrays import Shape
from attnviz.core.biases import Bias
from attnviz.core.grid import Grid
from attnviz.core.heads import Heads, MultiHead
from attnviz.core.masks import Full, Mask
from attnviz.core.mixers import Whole
from attnviz.core.normalizers import Normalize, Softmax
from attnviz.core.part import Part, RowSum, Sizes, current_names, tunables, tuned
from attnviz.core.positions import NoPosition, Position
from attnviz.core.scales import RootWidth, Scale
from attnviz.core.scores import Dot, Score
from attnviz.errors import MisuseError
from attnviz.record import Record


class Variant(Record, kw_only=True):
    """One row of the catalogue. Default slots are the plain case: scaled dot, softmax, no mask."""

    name: str
    summary: str
    formula: str
    paper: str = ""  # arXiv ids, or a name and a year
    aliases: tuple[str, ...] = ()
    group: str = ""
    purpose: str = ""  # what it was made for, in a sentence
    cost: str = "n² d"  # operations of one head over n tokens of width d

    position: Position = NoPosition()
    score: Score = Dot()
    scale: Scale = RootWidth()
    bias: tuple[Bias, ...] = ()
    mask: Mask = Full()
    normalize: Normalize = Softmax()
    heads: Heads = MultiHead()
    whole: Whole | None = None

    context: Literal["optional", "required", "refused"] = "optional"
    asks: Literal["tokens", "sentence"] = "tokens"  # one query a token, or one for all
    projected: bool = True  # query, key and value are learned projections of the input

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that take part, in the order in which they act."""
        if self.whole is not None:
            return (self.position, self.mask, self.whole, self.heads)
        early = (self.position, self.score, self.scale, *self.bias)
        return (*early, self.mask, self.normalize, self.heads)

    @property
    def row_local(self) -> bool:
        """Whether rows can be computed one by one, or in blocks."""
        return all(part.row_local for part in self.parts)

    @property
    def head_local(self) -> bool:
        """Whether heads can be computed one by one."""
        return all(part.head_local for part in self.parts)

    @property
    def key_local(self) -> bool:
        """Whether keys that nobody in a block sees can be left out of it."""
        return all(part.key_local for part in self.parts)

    @property
    def row_sum(self) -> RowSum:
        """What the weights of a row sum to, where the row sees anything."""
        if self.heads.signed:  # a mixture with factors of any sign may sum to anything
            return "any"
        return self.normalize.row_sum if self.whole is None else self.whole.row_sum

    @property
    def signed(self) -> bool:
        """Whether weights may be negative."""
        made = self.normalize.signed if self.whole is None else self.whole.signed
        return made or self.heads.signed

    def sees_by_head(self, grid: Grid) -> bool:
        """Whether heads may see different keys."""
        narrows = type(self.normalize).narrow is not Normalize.narrow
        return narrows or self.mask(grid.row_at(-1)).shape[0] > 1

    @property
    def causal(self) -> bool:
        """Whether no token sees a later one."""
        return not bool(
            np.triu(np.broadcast_to(self.mask(Grid.of(1, 13, 13)), (1, 13, 13)), 1).any()
        )

    @property
    def algebra(self) -> str:
        """The mechanism as its parts read: rope → dot → root-d → causal → softmax, 4 heads."""
        plain = ("none", "unscaled", "full")
        *way, heads = map(str, self.parts)
        return " → ".join(part for part in way if part not in plain) + f", {heads}"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Names and shapes, for one head, of all numbers that have to be learned."""
        return {
            name: shape for part in self.parts for name, shape in part.param_shapes(sizes).items()
        }

    @property
    def starts(self) -> Mapping[str, float]:
        """Standard deviations of learned numbers, where a paper states them."""
        return {name: size for part in self.parts for name, size in part.starts.items()}

    def set(self, **values: Any) -> Variant:
        """The same mechanism with some of its numbers changed.

        Raises MisuseError for a name that no part has.
        """
        have = dict(tunables(self.slots))
        values = current_names(self.slots, values)
        for name in values:
            if name not in have:
                raise MisuseError(
                    f"variant {self.name!r} has no {name!r} to set. It has: "
                    + (", ".join(f"{k}={v}" for k, v in have.items()) or "nothing")
                )
        made: Variant = tuned(self, values)
        return made

    @property
    def slots(self) -> tuple[Any, ...]:
        """What sits in each slot."""
        return tuple(getattr(self, f.name) for f in fields(self))
