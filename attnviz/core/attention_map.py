"""The one value that all parts exchange: who looks at whom, how much, and how it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError, ShapeError
from attnviz.record import Record


class AttentionMap(Record, eq=False):
    """Where attention looks. Validated once, read-only.

    Shapes: weights [layer, head, query, key]; visible (or None: everything is) broadcasts to
    the same, True = may look; query_vectors [layer, head, query, d] and key_vectors
    [layer, head, key, d], or None: what the scores were made of.

    `layers` and `heads` are the original numbers of what was kept; `names` are what the heads
    are called where they are no plain heads, as in a comparison. `meta` says how the map
    was made: source, variant, tunables, seed, model, versions, what was pooled or reduced,
    "row_sum" ("1", "at most 1" or "any") and "signed" (weights may be negative).

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
    meta: Mapping[str, Any] = field(default_factory=dict)
    query_vectors: FloatArray | None = None
    key_vectors: FloatArray | None = None

    shows: ClassVar[Callable[..., dict[str, str]] | None] = None  # what notebooks are handed

    def __post_init__(self) -> None:
        weights = frozen(self.weights)
        expect = (len(self.queries), len(self.keys))
        if weights.ndim != 4 or weights.shape[-2:] != expect:
            raise ShapeError(
                f"weights {weights.shape} should be [layer, head, query, key] with "
                f"{expect[0]} queries and {expect[1]} keys"
            )
        if not np.isfinite(weights).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(weights))[0])
            raise InvalidInputError(
                f"weight [layer, head, query, key] = {list(where)} is {weights[where]}"
            )
        keep = object.__setattr__
        keep(self, "weights", weights)
        keep(self, "queries", tuple(self.queries))
        keep(self, "keys", tuple(self.keys))
        keep(self, "layers", numbers(self.layers, weights.shape[0], "layers"))
        keep(self, "heads", numbers(self.heads, weights.shape[1], "heads"))
        keep(self, "names", tuple(self.names))
        if self.names and len(self.names) != weights.shape[1]:
            raise ShapeError(f"{len(self.names)} names for {weights.shape[1]} heads")
        keep(self, "meta", MappingProxyType(dict(self.meta)))
        if self.visible is not None:
            visible = np.asarray(self.visible, dtype=bool)
            if np.broadcast_shapes(visible.shape, weights.shape) != weights.shape:
                raise ShapeError(f"visible {visible.shape} does not fit weights {weights.shape}")
            visible = visible.reshape((1,) * (4 - visible.ndim) + visible.shape)
            keep(self, "visible", frozen(visible))
        for name, n_token in (("query_vectors", expect[0]), ("key_vectors", expect[1])):
            vectors = getattr(self, name)
            if vectors is not None:
                if vectors.shape[:3] != (*weights.shape[:2], n_token):
                    raise ShapeError(f"{name} {vectors.shape} do not fit weights {weights.shape}")
                keep(self, name, frozen(vectors))

    @property
    def n_layer(self) -> int:
        """How many layers were kept."""
        return self.weights.shape[0]

    @property
    def n_head(self) -> int:
        """How many heads were kept of each layer."""
        return self.weights.shape[1]

    def name(self, layer_index: int, head_index: int) -> str:
        """What a head is called, counted among those the map holds: layer 2 · head 7."""
        layer = f"layer {self.layers[layer_index]} · "
        if not self.names:
            return f"{layer}head {self.heads[head_index]}"
        return self.names[head_index] if self.n_layer == 1 else layer + self.names[head_index]

    @property
    def title(self) -> str:
        """What the map is of, in a few words: the mechanism, and what was composed onto it."""
        name = str(self.meta.get("variant") or self.meta.get("model") or "attention")
        return f"{name} with {self.meta['composed']}" if self.meta.get("composed") else name

    @property
    def row_sum(self) -> str:
        """What a row sums to where it sees anything: "1", "at most 1" or "any"."""
        return str(self.meta.get("row_sum", "1"))

    @property
    def signed(self) -> bool:
        """Whether weights may be negative."""
        return bool(self.meta.get("signed", False)) or bool((self.weights < 0).any())

    @property
    def hidden(self) -> BoolArray | None:
        """What may not be looked at.    -> [layer, head, query, key], or None"""
        if self.visible is None or self.visible.all():
            return None
        return np.logical_not(np.broadcast_to(self.visible, self.weights.shape))

    @property
    def spent(self) -> FloatArray:
        """What each row sums to.    -> [layer, head, query]"""
        return self.weights.sum(-1, dtype=np.float64)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows, if somebody above has said what: this layer draws nothing."""
        show = type(self).shows
        return {} if show is None else show(self, include, exclude)

    def select(
        self, *, layers: Sequence[int] | None = None, heads: Sequence[int] | None = None
    ) -> AttentionMap:
        """The same map with some layers and heads only, named by their original numbers."""
        at_layer = places(self.layers, layers, "layer")
        at_head = places(self.heads, heads, "head")

        def pick(array: Any) -> Any:
            if array is None:
                return None
            array = array[at_layer] if array.shape[0] > 1 or self.n_layer == 1 else array
            return array[:, at_head] if array.shape[1] > 1 or self.n_head == 1 else array

        return replace(
            self,
            weights=pick(self.weights),
            visible=pick(self.visible),
            query_vectors=pick(self.query_vectors),
            key_vectors=pick(self.key_vectors),
            layers=tuple(self.layers[i] for i in at_layer),
            heads=tuple(self.heads[i] for i in at_head),
            names=tuple(self.names[i] for i in at_head) if self.names else (),
        )


def frozen(array: Any) -> Any:
    """A copy that nobody can change."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def numbers(given: Iterable[int], n: int, what: str) -> tuple[int, ...]:
    """Original numbers of what was kept: those given, or 0, 1, 2…"""
    kept = tuple(int(i) for i in given) or tuple(range(n))
    if len(kept) != n:
        raise ShapeError(f"{len(kept)} numbers of {what} for {n} {what}")
    return kept


def places(have: Sequence[int], wanted: Sequence[int] | None, what: str) -> list[int]:
    """Where the wanted numbers stand among those that there are."""
    if wanted is None:
        return list(range(len(have)))
    for number in wanted:
        if number not in have:
            there = ", ".join(map(str, have))
            raise MisuseError(f"there is no {what} {number}; there are {there}")
    return [have.index(number) for number in wanted]
