"""Attention map: the weights of a sequence, its tokens, its mask and how it was computed."""

from __future__ import annotations

from dataclasses import field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.indices import Numbers, indices_of, original_indices
from attnviz.core.layer_properties import select_layer_properties
from attnviz.core.map_array import MapArray
from attnviz.core.map_fields import as_mask, as_tokens, as_weights, check_texts, fit_vectors
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.map_methods import MapMethods
from attnviz.core.map_output import MapOutput
from attnviz.core.tokens import Token
from attnviz.errors import ShapeError
from attnviz.record import Record


class AttentionMap(MapArray, MapMethods, MapOutput, Record, eq=False):
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

    def __post_init__(self) -> None:
        queries, keys = as_tokens("queries", self.queries), as_tokens("keys", self.keys)
        weights, n_query, n_key = as_weights(self.weights), len(queries), len(keys)
        if weights.ndim != 4 or weights.shape[-2:] != (n_query, n_key):
            raise ShapeError(
                f"weights {weights.shape} should be [layer, head, query, key] with "
                f"{n_query} queries and {n_key} keys"
            )
        if 0 in weights.shape[:2]:
            raise ShapeError(f"weights {weights.shape} have no layer or no head")
        check_texts({"text": self.text, "context": self.context}, self.names)
        if self.names and len(self.names) != weights.shape[1]:
            raise ShapeError(f"{len(self.names)} names for {weights.shape[1]} heads")
        self.__dict__.update(  # records are frozen
            weights=weights,
            queries=queries,
            keys=keys,
            layers=original_indices(self.layers, weights.shape[0], "layers"),
            heads=original_indices(self.heads, weights.shape[1], "heads"),
            names=tuple(self.names),
            text=None if self.text is None else str(self.text),
            context=None if self.context is None else str(self.context),
            meta=MappingProxyType(dict(self.meta)),
            visible=None if self.visible is None else as_mask(self.visible, weights.shape),
            query_vectors=fit_vectors("query_vectors", self.query_vectors, weights.shape, n_query),
            key_vectors=fit_vectors("key_vectors", self.key_vectors, weights.shape, n_key),
        )

    def __getstate__(self) -> dict[str, Any]:
        """The fields, for pickle and copy; the metadata as a dict, which both can copy."""
        return {name: self.__dict__[name] for name in self._fields} | {"meta": dict(self.meta)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The same map again: its arrays are read-only, which pickle does not keep."""
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        self.__dict__.update(state, meta=MappingProxyType(state["meta"]))

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

    def select(self, *, layers: Numbers = None, heads: Numbers = None) -> AttentionMap:
        """The same map with some layers and heads only, given by their original indices.

        Raises MisuseError for a layer or head that the map lacks, and for an empty selection.
        """
        layer_indices = indices_of(self.layers, layers, "layer")
        head_indices = indices_of(self.heads, heads, "head")

        def pick(array: Any) -> Any:
            if array is None:
                return None
            rows = layer_indices if array.shape[0] > 1 or self.n_layer == 1 else [0]
            columns = head_indices if array.shape[1] > 1 or self.n_head == 1 else [0]
            picked = array[np.ix_(rows, columns)]
            picked.setflags(write=False)  # else the new map would copy it
            return picked

        meta, modules = self.meta, self.meta.get("modules")
        if isinstance(modules, list) and len(modules) == self.n_layer:
            meta = {**meta, "modules": [modules[i] for i in layer_indices]}
        layers = tuple(self.layers[i] for i in layer_indices)
        return replace(
            self,
            weights=pick(self.weights),
            visible=pick(self.visible),
            query_vectors=pick(self.query_vectors),
            key_vectors=pick(self.key_vectors),
            layers=layers,
            heads=tuple(self.heads[i] for i in head_indices),
            names=tuple(self.names[i] for i in head_indices) if self.names else (),
            meta=select_layer_properties(meta, layers),
        )
