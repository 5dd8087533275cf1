"""Methods of maps that call functions of the package: selection, reduction, measures.

`attnviz/method_table.py` has the functions; this layer imports none of them. Each docstring
states the shapes before and after, and an example, which the tests run on
`amap = attnviz.look("The cat sat on it", variant="causal", heads=2, layers=3)`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.method_table import find_method

if TYPE_CHECKING:
    from typing import Self

    from attnviz.core.link import Link

Labels = int | str | Collection[int | str] | None
Positions = int | slice | Sequence[int] | IntArray | BoolArray | None
Axis = Literal["layer", "head"]


class MapMethods:
    """Selection, reduction, measures and differences of maps."""

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """The result of the function behind a method."""
        return find_method(name)(self, *arguments, **options)

    def sel(
        self,
        *,
        layer: Labels = None,
        head: Labels = None,
        query: Labels = None,
        key: Labels = None,
    ) -> Self:
        """Select by label: numbers of layers and heads, tokens or positions of queries and keys.

        A token selects all its occurrences; "2-5" is a range, "2.9" head 9 of layer 2, "mean" the
        mean of all. Nothing is renormalized. All four axes stay.
        Shapes: [layer, head, query, key] -> fewer of each
        Raises MisuseError for a label that the map lacks.

        >>> amap.sel(layer=2, head=[0, 1], query="it").shape
        (1, 2, 1, 5)
        """
        return self._call("sel", layer=layer, head=head, query=query, key=key)

    def isel(
        self,
        *,
        layer: Positions = None,
        head: Positions = None,
        query: Positions = None,
        key: Positions = None,
    ) -> Self:
        """Select by position, as NumPy does: integers, slices, lists or boolean arrays.

        Nothing is renormalized. All four axes stay; tokens stay in the order of the text.
        Shapes: [layer, head, query, key] -> fewer of each
        Raises MisuseError for a position that the map lacks, and for an empty selection.

        >>> amap.isel(layer=-1, query=slice(1, 3)).query_labels
        ('cat', 'sat')
        """
        return self._call("isel", layer=layer, head=head, query=query, key=key)

    def mean(self, *dims: Axis | Sequence[Axis]) -> Self:
        """The mean over "head", "layer" or both, in any order; masked weights count as 0.

        Shapes: [layer, head, query, key] -> 1 in place of each axis
        Raises MisuseError for another axis, and for heads of a comparison.

        >>> amap.mean("head").shape
        (3, 1, 5, 5)
        """
        return self._call("reduce_dims", "mean", *dims)

    def max(self, *dims: Axis | Sequence[Axis]) -> Self:
        """The maximum over "head", "layer" or both; its rows do not sum to 1.

        Shapes: [layer, head, query, key] -> 1 in place of each axis

        >>> amap.max("head", "layer").row_sum
        'any'
        """
        return self._call("reduce_dims", "max", *dims)

    def min(self, *dims: Axis | Sequence[Axis]) -> Self:
        """The minimum over "head", "layer" or both; its rows sum to at most 1.

        Shapes: [layer, head, query, key] -> 1 in place of each axis

        >>> amap.min("layer").row_sum
        'at most 1'
        """
        return self._call("reduce_dims", "min", *dims)

    def reduce(self, *steps: str) -> Self:
        """Layers, heads and tokens combined step by step; see `attnviz.reduce`.

        >>> amap.reduce("heads:mean", "layers:rollout").shape
        (1, 1, 5, 5)
        """
        return self._call("reduce", *steps)

    def rollout(self, residual: float = 0.5) -> Self:
        """Attention rollout: R = ((1 − r) Ā + r I) R_below, as one layer. Source: 2005.00928.

        Shapes: [layer, head, query, key] -> [1, 1, query, key]

        >>> amap.rollout().shape
        (1, 1, 5, 5)
        """
        return self._call("reduce", f"layers:rollout={residual}")

    def flow(self, residual: float = 0.5) -> Self:
        """Attention flow: the maximum flow to each input token. Source: 2005.00928.

        Shapes: [layer, head, query, key] -> [1, 1, query, key]

        >>> amap.flow().shape
        (1, 1, 5, 5)
        """
        return self._call("reduce", f"layers:flow={residual}")

    def words(self) -> Self:
        """The map of words: pieces summed over keys, averaged over queries.

        >>> amap.words().key_labels
        ('The', 'cat', 'sat', 'on', 'it')
        """
        return self._call("reduce", "tokens:words")

    def measure(self, *names: str) -> dict[str, FloatArray]:
        """Measures of every head by name; see `attnviz.measure`.    -> name: [layer, head]

        >>> amap.measure("distance")["distance"].shape
        (3, 2)
        """
        return self._call("measure", *names)

    def entropy(self) -> FloatArray:
        """Mean entropy of the rows of each head, in bits.    -> [layer, head]

        NaN where rows are not distributions. Source: 1906.04341.

        >>> amap.isel(key=0).entropy().shape
        (3, 2)
        """
        return self._call("measure", "entropy")["entropy"]

    def top(self, k: int = 5, *, content: bool = False) -> list[Link]:
        """The k largest weights of all heads, by absolute value; of equal ones, the first.

        With `content`, without special tokens, padding and rows with a single visible key.
        Masked weights and zeros are left out.

        >>> [(link.query_token, link.key_token, link.weight) for link in amap.top(1)]
        [('The', 'The', 1.0)]
        """
        return self._call("top", k, content=content)

    def __sub__(self, other: Self) -> Self:
        """The change of each weight from `other` to this map; see `attnviz.diff`.

        Shapes: both [layer, head, query, key] -> the same
        Raises MisuseError for maps of different shapes that share no tokens.

        >>> float(np.abs((amap - amap).weights).max())
        0.0
        """
        if not isinstance(other, MapMethods):
            return NotImplemented
        return self._call("subtract", other)
