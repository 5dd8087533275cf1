"""Attention map: the weights of a sequence, its tokens, its mask and how it was computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, read_only
from attnviz.core.indices import indices_of, original_indices
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError, ShapeError
from attnviz.record import Record


class AttentionMap(Record, eq=False):
    """Attention weights of one sequence, or of a pair; validated and read-only.

    Shapes: weights [layer, head, query, key]; visible broadcasts to the same, True = the query
    attends to the key, None = no mask; query_vectors [layer, head, query, d] and key_vectors
    [layer, head, key, d], the q and k behind the scores, or None.

    `layers` and `heads` are the original indices of the selected layers and heads; `names` label
    the heads where an index does not suffice, as in a comparison. `meta` describes how the map
    was computed; its keys are those of MapMetadata.

    Raises ShapeError for arrays that do not fit, InvalidInputError for NaN and infinity.
    """

    queries: tuple[Token, ...]
    keys: tuple[Token, ...]
    weights: FloatArray
    visible: BoolArray | None = None
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    text: str | None = None
    context: str | None = None
    meta: MapMetadata = field(default_factory=MapMetadata)
    query_vectors: FloatArray | None = None
    key_vectors: FloatArray | None = None

    # Set by attnviz.api: this layer neither renders nor measures.
    notebook_bundle: ClassVar[Callable[..., dict[str, str]] | None] = None
    functions: ClassVar[Mapping[str, Callable[..., Any]]] = {}

    def __post_init__(self) -> None:
        weights = read_only(self.weights)
        expect = (len(self.queries), len(self.keys))
        if weights.ndim != 4 or weights.shape[-2:] != expect:
            raise ShapeError(
                f"weights {weights.shape} should be [layer, head, query, key] with "
                f"{expect[0]} queries and {expect[1]} keys"
            )
        if 0 in weights.shape[:2]:
            raise ShapeError(f"weights {weights.shape} have no layer or no head")
        if not np.isfinite((weights.min(initial=0.0), weights.max(initial=0.0))).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(weights))[0])
            raise InvalidInputError(
                f"weight [layer, head, query, key] = {list(where)} is {weights[where]}"
            )
        assign = object.__setattr__  # records are frozen
        assign(self, "weights", weights)
        assign(self, "queries", tuple(self.queries))
        assign(self, "keys", tuple(self.keys))
        assign(self, "layers", original_indices(self.layers, weights.shape[0], "layers"))
        assign(self, "heads", original_indices(self.heads, weights.shape[1], "heads"))
        assign(self, "names", tuple(self.names))
        if self.names and len(self.names) != weights.shape[1]:
            raise ShapeError(f"{len(self.names)} names for {weights.shape[1]} heads")
        assign(self, "meta", MappingProxyType(dict(self.meta)))
        if self.visible is not None:
            visible = np.asarray(self.visible, dtype=bool)
            if np.broadcast_shapes(visible.shape, weights.shape) != weights.shape:
                raise ShapeError(f"visible {visible.shape} does not fit weights {weights.shape}")
            if visible.ndim < 4:
                visible = visible.reshape((1,) * (4 - visible.ndim) + visible.shape)
            assign(self, "visible", read_only(visible))
        for name, n_token in (("query_vectors", expect[0]), ("key_vectors", expect[1])):
            vectors = getattr(self, name)
            if vectors is not None:
                if vectors.shape[:3] != (*weights.shape[:2], n_token):
                    raise ShapeError(f"{name} {vectors.shape} do not fit weights {weights.shape}")
                assign(self, name, read_only(vectors))

    @property
    def n_layer(self) -> int:
        """Number of layers of the map."""
        return self.weights.shape[0]

    @property
    def n_head(self) -> int:
        """Number of heads of the map, per layer."""
        return self.weights.shape[1]

    def head_name(self, layer_index: int, head_index: int) -> str:
        """Label of a head, given by its indices into this map's axes: layer 2 · head 7."""
        head = self.head_label(head_index)
        is_only_layer = self.layers == (0,) and not {"model", "reduced_layers"} & self.meta.keys()
        if self.names and is_only_layer:
            return head
        return f"{self.layer_label(layer_index)} · {head}"

    def layer_label(self, index: int) -> str:
        """Label of a layer, given by its index: layer 2, or mean of 6 layers."""
        label = self.meta.get("reduced_layers") if self.n_layer == 1 else None
        return label if isinstance(label, str) else f"layer {self.layers[index]}"

    def head_label(self, index: int) -> str:
        """Label of a head within its layer: head 7, mean of 12 heads, or its name."""
        if self.names:
            return self.names[index]
        label = self.meta.get("reduced_heads") if self.n_head == 1 else None
        return label if isinstance(label, str) else f"head {self.heads[index]}"

    @property
    def title(self) -> str:
        """Name of the mechanism or model, and the parts that override its own."""
        name = str(self.meta.get("variant") or self.meta.get("model") or "attention")
        return f"{name} with {self.meta['composed']}" if self.meta.get("composed") else name

    @property
    def row_sum(self) -> RowSum:
        """Sum of a row with at least one visible key: "1", "at most 1" or "any"."""
        return self.meta.get("row_sum", "1")

    @cached_property
    def signed(self) -> bool:
        """Whether weights may be negative."""
        return bool(self.meta.get("signed", False)) or bool(self.weights.min(initial=0.0) < 0)

    @property
    def is_mask(self) -> bool:
        """Whether the map is an attention mask: 1 for allowed pairs, 0 for masked ones."""
        if self.meta.get("source") != "mask":
            return False
        allowed = self.weights == 1 if self.visible is None else self.visible
        return bool((self.weights == allowed).all())

    @property
    def masked(self) -> BoolArray | None:
        """The masked pairs; None where there are none.    -> [layer, head, query, key]"""
        if self.visible is None or self.visible.all():
            return None
        return np.logical_not(np.broadcast_to(self.visible, self.weights.shape))

    @cached_property
    def row_sums(self) -> FloatArray:
        """Sum of the weights of each row, read-only.    -> [layer, head, query]"""
        sums: FloatArray = self.weights.sum(-1, dtype=np.float64)
        sums.setflags(write=False)
        return sums

    def rollout(self, residual: float = 0.5) -> AttentionMap:
        """Attention rollout: R = ((1 − r) Ā + r I) R_below, as one layer. Source: 2005.00928."""
        return self._apply("reduce", f"layers:rollout={residual}")

    def flow(self, residual: float = 0.5) -> AttentionMap:
        """Attention flow: the maximum flow to each input token. Source: 2005.00928."""
        return self._apply("reduce", f"layers:flow={residual}")

    def words(self) -> AttentionMap:
        """The map of words: pieces summed over keys, averaged over queries."""
        return self._apply("reduce", "tokens:words")

    def reduce(self, *steps: str) -> AttentionMap:
        """Layers, heads and tokens combined step by step; see `attnviz.reduce`."""
        return self._apply("reduce", *steps)

    def measure(self, *names: str) -> dict[str, FloatArray]:
        """Measures of every head by name; see `attnviz.measure`.    -> name: [layer, head]"""
        return self._apply("measure", *names)

    def _apply(self, name: str, *arguments: str) -> Any:
        """The function of the package `attnviz`, which sets it when it is imported."""
        if name not in self.functions:
            raise MisuseError(f"the method needs `import attnviz`; then: attnviz.{name}(amap)")
        return self.functions[name](self, *arguments)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Contents of the map in a notebook, by media type."""
        bundle = type(self).notebook_bundle
        return {} if bundle is None else bundle(self, include, exclude)

    def select(
        self, *, layers: Sequence[int] | None = None, heads: Sequence[int] | None = None
    ) -> AttentionMap:
        """The same map with some layers and heads only, given by their original indices.

        Raises MisuseError for a layer or head that the map lacks, and for an empty selection.
        """
        layer_indices = indices_of(self.layers, layers, "layer")
        head_indices = indices_of(self.heads, heads, "head")

        def pick(array: Any) -> Any:
            if array is None:
                return None
            layers = layer_indices if array.shape[0] > 1 or self.n_layer == 1 else [0]
            heads = head_indices if array.shape[1] > 1 or self.n_head == 1 else [0]
            picked = array[np.ix_(layers, heads)]
            picked.setflags(write=False)  # else the new map would copy it
            return picked

        return replace(
            self,
            weights=pick(self.weights),
            visible=pick(self.visible),
            query_vectors=pick(self.query_vectors),
            key_vectors=pick(self.key_vectors),
            layers=tuple(self.layers[i] for i in layer_indices),
            heads=tuple(self.heads[i] for i in head_indices),
            names=tuple(self.names[i] for i in head_indices) if self.names else (),
        )
