"""Map as array: what an attention map has in common with an array of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np

from attnviz.argument_types import abbreviate, require_given
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError, UnknownParameterError

if TYPE_CHECKING:
    from typing import Self, TypeGuard

Dims = tuple[Literal["layer"], Literal["head"], Literal["query"], Literal["key"]]
DIMS: Dims = ("layer", "head", "query", "key")
MAX_TITLE = 60  # characters in the representation


class MapArray:
    """Axes, indexing, iteration and conversion to NumPy; the data are fields of AttentionMap."""

    if TYPE_CHECKING:
        queries: tuple[Token, ...]
        keys: tuple[Token, ...]
        weights: FloatArray
        visible: BoolArray | None
        layers: tuple[int, ...]
        heads: tuple[int, ...]

        @property
        def title(self) -> str: ...  # noqa: D102

        def select(self, *, layers: Any = None, heads: Any = None) -> Self: ...  # noqa: D102

    @property
    def dims(self) -> Dims:
        """Names of the axes, in order: ("layer", "head", "query", "key")."""
        return DIMS

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Lengths of the axes: numbers of layers, heads, queries and keys."""
        n_layer, n_head, n_query, n_key = self.weights.shape
        return n_layer, n_head, n_query, n_key

    @property
    def ndim(self) -> int:
        """Number of axes: 4."""
        return self.weights.ndim

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.weights.size

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Type of the weights, float32 or float64."""
        return self.weights.dtype

    @property
    def query_labels(self) -> tuple[str, ...]:
        """Labels of the queries, in order."""
        return tuple(token.label for token in self.queries)

    @property
    def key_labels(self) -> tuple[str, ...]:
        """Labels of the keys, in order."""
        return tuple(token.label for token in self.keys)

    def to_numpy(self) -> FloatArray:
        """A copy of the weights, which may be written to.    -> [layer, head, query, key]"""
        return np.array(self.weights)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:
        """The weights for NumPy; not to be written to, unless copied or converted."""
        is_other = dtype is not None and np.dtype(dtype) != self.weights.dtype
        if copy is False and is_other:
            raise ValueError(f"weights of type {self.weights.dtype} cannot be {dtype} uncopied")
        return np.array(self.weights, dtype=dtype) if copy or is_other else self.weights

    def __getitem__(self, index: tuple[Any, ...]) -> Any:
        """Weights by their positions in this map: a[layer, head] is an array [query, key].

        The index is that of NumPy, from the layer on; `sel` selects by the numbers of layers
        and heads and by tokens. Raises MisuseError for an index of one axis.
        """
        if not isinstance(index, tuple):
            raise MisuseError(
                f"a[{abbreviate(index)}] names one axis; write a[layer, head], or a.sel(layer=…), "
                "or iterate over the heads: for head in a"
            )
        return self.weights[index]

    def __iter__(self) -> Iterator[Self]:
        """Each head as a map of its own, layer by layer."""
        for layer in self.layers:
            for head in self.heads:
                yield self.select(layers=[layer], heads=[head])

    def __len__(self) -> int:
        """Number of heads in all layers: of the maps that iteration yields."""
        return len(self.layers) * len(self.heads)

    def __contains__(self, item: object) -> NoReturn:
        """Refused: a map holds weights of tokens, of which `in` could mean either."""
        raise MisuseError("use `in` with a.query_labels, a.key_labels, a.layers or a.weights")

    def equals(self, other: object) -> bool:
        """Whether another map has the same weights, tokens, mask, layers and heads.

        Metadata and vectors are not compared; `allclose` tolerates rounding.
        """
        return self._is_like(other) and bool(np.array_equal(self.weights, other.weights))

    def allclose(self, other: MapArray, *, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
        """Whether another map has nearly the same weights, and the same tokens and mask.

        Formula: |a − b| ≤ atol + rtol·|b|. Raises UnknownParameterError for no map.
        """
        if not isinstance(other, MapArray):
            raise UnknownParameterError(f"other={abbreviate(other)} should be a map")
        for name, tolerance in (("rtol", rtol), ("atol", atol)):
            require_given(name, tolerance, float)
            if not 0 <= tolerance < np.inf:
                raise MisuseError(f"{name}={tolerance} should be a number from 0")
        return self._is_like(other) and bool(np.allclose(self.weights, other.weights, rtol, atol))

    def _is_like(self, other: object) -> TypeGuard[MapArray]:
        """Whether an object is a map of the same tokens, mask, layers and heads."""
        if not isinstance(other, MapArray) or self.shape != other.shape:
            return False
        one, two = (
            np.broadcast_to(m.visible is None or m.visible, m.shape) for m in (self, other)
        )
        fields = ("query_labels", "key_labels", "layers", "heads")
        is_same = all(getattr(self, name) == getattr(other, name) for name in fields)
        return is_same and bool(np.array_equal(one, two))

    def __repr__(self) -> str:
        title = " ".join(self.title.split())
        title = title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"
        title = title if title.isprintable() else repr(title)[1:-1]
        sizes = zip(self.weights.shape, ("layer", "head", "query", "key"), strict=True)
        shape = " × ".join(f"{n} {plural(dim) if n != 1 else dim}" for n, dim in sizes)
        return f"<AttentionMap {title}: {shape}>"


def plural(dim: str) -> str:
    """The plural of the name of an axis.

    >>> plural("query")
    'queries'
    """
    return f"{dim[:-1]}ies" if dim == "query" else f"{dim}s"
