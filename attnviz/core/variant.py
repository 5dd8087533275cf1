"""Variant: an attention mechanism, one part per slot of the formula.

logits  = bias( scale · score( position(query), position(key) ) )
weights = normalize(logits, visible)          visible = mask(grid)
output  = weights @ value

A mixer computes the weights of linear and recurrent mechanisms in place of the first two lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

import numpy as np

from attnviz.core.arrays import Shape
from attnviz.core.biases import Bias
from attnviz.core.citation import publication_year
from attnviz.core.grid import Grid
from attnviz.core.heads import Heads, MultiHead
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Sizes
from attnviz.core.map_metadata import RowSum, weakest_row_sum
from attnviz.core.masks import Full, Mask
from attnviz.core.mixers import Mixer
from attnviz.core.normalizers import Normalizer, Softmax
from attnviz.core.part import Part
from attnviz.core.positions import NoPosition, Position
from attnviz.core.renamed import missing_attribute
from attnviz.core.scales import RootDim, Scale
from attnviz.core.scores import Dot, Score
from attnviz.core.tunables import resolve_tunable_aliases, tunable_values, with_tunables
from attnviz.errors import MisuseError, RenamedError
from attnviz.record import Record

# Tokens of the mask that `is_causal` inspects: more than three times the largest default window,
# block or stride of a mask (4), and a multiple of none, so that masks with such a period are cut
# at every phase.
PROBE_SIZE = 13


class Variant(Record, kw_only=True):
    """One row of the catalogue. The default parts are scaled dot product, softmax, no mask.

    A layer plan has `layers`, the mechanisms of layers 0, 1, 2 …, repeated over the depth; its
    own parts are those of its first layer (variants/layer_plans.py). Its layers agree in heads
    and in what is added to the embeddings.
    """

    name: str
    summary: str
    formula: str
    paper: str = ""  # arXiv ids, or a name and a year
    aliases: tuple[str, ...] = ()
    group: str = ""
    purpose: str = ""  # what it is used for, in a sentence
    simplified: str = ""  # what differs from the paper on purpose
    unconfirmed: str = ""  # why the row could not be checked against a source
    reference: str = ""  # an implementation by the authors, or a library: "owner/name: file"
    used_by: tuple[str, ...] = ()  # released models
    cost: str = "n² d"  # operations per head, for n tokens and head dimension d

    position: Position = NoPosition()
    score: Score = Dot()
    scale: Scale = RootDim()
    bias: tuple[Bias, ...] = ()
    mask: Mask = Full()
    normalize: Normalizer = Softmax()
    heads: Heads = MultiHead()
    mixer: Mixer | None = None

    context: Literal["optional", "required", "refused"] = "optional"
    queries: Literal["per_token", "single"] = "per_token"  # single: one for the whole sequence
    has_projections: bool = True  # q, k and v are learned projections of the input
    layers: tuple[Variant, ...] = ()  # of a layer plan

    renamed: ClassVar[Mapping[str, str]] = {
        "whole": "mixer",
        "asks": "queries",
        "projected": "has_projections",
        "set": "with_tunables",
        "causal": "is_causal",
        "algebra": "pipeline",
        "sees_by_head": "visibility_per_head",
        "needs": "param_shapes",
        "starts": "initial_params",
    }

    def _refuse(self, given: tuple[Any, ...], named: dict[str, Any]) -> NoReturn:
        for name in named:
            if name in self.renamed:
                raise RenamedError(f"{name!r} of Variant is now {self.renamed[name]!r}")
        super()._refuse(given, named)

    def __post_init__(self) -> None:
        for layer in self.layers:
            own = (layer.heads.n_head, layer.heads.n_query_head, layer.has_projections)
            if own != (self.heads.n_head, self.heads.n_query_head, self.has_projections):
                raise MisuseError(f"the layers of {self.name!r} have different numbers of heads")
            absolute = layer.position.absolute or self.position.absolute
            if layer.layers or (absolute and layer.position != self.position):
                raise MisuseError(
                    f"layer {layer.name!r} of {self.name!r} has layers, or embeddings, of its own"
                )

    def for_layer(self, layer: int) -> Variant:
        """The mechanism of a layer, counted from 0: of a plan, the one that is its turn."""
        return self.layers[layer % len(self.layers)] if self.layers else self

    @property
    def year(self) -> int | None:
        """The year of the paper that is cited first; None without one."""
        return publication_year(self.paper)

    @property
    def default_depth(self) -> int:
        """Number of layers that show the whole mechanism: 1, or one round of a plan."""
        return max(len(self.layers), 1)

    if not TYPE_CHECKING:  # a type checker reports attributes that do not exist

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in the order in which they act; a mixer replaces score to normalizer."""
        if self.mixer is not None:
            return (self.position, self.mask, self.mixer, self.heads)
        before_mask = (self.position, self.score, self.scale, *self.bias)
        return (*before_mask, self.mask, self.normalize, self.heads)

    @property
    def row_local(self) -> bool:
        """Whether each row depends on its own query only, so that rows can run in blocks."""
        return all(part.row_local for part in self.parts)

    @property
    def head_local(self) -> bool:
        """Whether each head depends on no other head."""
        return all(part.head_local for part in self.parts)

    @property
    def key_local(self) -> bool:
        """Whether keys that are masked for a whole block can be omitted from it."""
        return all(part.key_local for part in self.parts)

    @property
    def row_sum(self) -> RowSum:
        """Sum of a row with at least one visible key, in every layer."""
        if self.layers:
            return weakest_row_sum(layer.row_sum for layer in self.layers)
        if self.heads.signed:  # the mixing factors of heads have any sign, and any sum
            return "any"
        return self.normalize.row_sum if self.mixer is None else self.mixer.row_sum

    @property
    def signed(self) -> bool:
        """Whether weights may be negative, in any layer."""
        if self.layers:
            return any(layer.signed for layer in self.layers)
        signed = self.normalize.signed if self.mixer is None else self.mixer.signed
        return signed or self.heads.signed

    def visibility_per_head(self, grid: Grid) -> bool:
        """Whether the visible keys may differ between heads."""
        mask_per_head = self.mask(grid.single_query(-1)).shape[0] > 1
        return self.normalize.restricts_visible or mask_per_head

    @cached_property
    def is_causal(self) -> bool:
        """Whether no query attends to a later key, among PROBE_SIZE tokens."""
        if self.layers:
            return all(layer.is_causal for layer in self.layers)
        shape = (1, PROBE_SIZE, PROBE_SIZE)
        visible = np.broadcast_to(self.mask(Grid.of(*shape)), shape)
        return not np.triu(visible, 1).any()

    @cached_property
    def pipeline(self) -> str:
        """The parts in order: rope → dot → root-d → causal → softmax, 4 heads.

        The different pipelines of a plan are separated by semicolons.
        """
        if self.layers:
            return "; ".join(dict.fromkeys(layer.pipeline for layer in self.layers))
        neutral = ("none", "unscaled", "full")
        *stages, heads = map(str, self.parts)
        return " → ".join(stage for stage in stages if stage not in neutral) + f", {heads}"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Names and per-head shapes of all learned parameters."""
        return {
            name: shape for part in self.parts for name, shape in part.param_shapes(sizes).items()
        }

    @property
    def layer_shared(self) -> frozenset[str]:
        """Names of the parameters that all layers have in common."""
        return frozenset(name for part in self.parts for name in part.layer_shared)

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """Distributions before training, for parameters whose source states one."""
        return {
            name: initial
            for part in self.parts
            for name, initial in part.initial_params(sizes).items()
        }

    def with_tunables(self, **values: Any) -> Variant:
        """The same mechanism with some of its tunables changed.

        Raises MisuseError for a name that no part has.
        """
        current = tunable_values(self.slots)
        values = resolve_tunable_aliases(self.slots, values)
        for name in values:
            if name not in current:
                known = ", ".join(f"{k}={v}" for k, v in current.items()) or "none"
                reason = f"variant {self.name!r} has no tunable {name!r}. Its tunables: {known}"
                raise MisuseError(reason)
        changed: Variant = with_tunables(self, values)
        return changed.with_products_of_score(values)

    def with_products_of_score(self, values: Mapping[str, Any]) -> Variant:
        """The same mechanism, its scale 1/√(products · d) for the products that the score sums.

        Raises MisuseError where `values` state another number of products.
        """
        n_product = self.score.n_product
        if n_product is None:
            return self
        from attnviz.core.scales.fixed import RootSumDim

        if not isinstance(self.scale, RootSumDim) or n_product == self.scale.products:
            return self
        if "products" in values:
            raise MisuseError(
                f"products={self.scale.products} contradicts {str(self.score)!r}, whose scores "
                f"are sums of {n_product} products; leave it out, or replace the scale (--scale)"
            )
        return replace(self, scale=RootSumDim(products=n_product))

    @property
    def slots(self) -> tuple[Any, ...]:
        """The values of all fields, parts among them."""
        return tuple(getattr(self, f.name) for f in fields(self))
