"""Axes of queries, keys and values: batch, head, token, dimension."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.map_array import plural
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.guesses import Reading

ORDER = "bhtd"
NAMES = dict(zip(ORDER, ("batch", "head", "token", "d"), strict=True))
# The orders that programs save, by number of axes; without h, all heads are side by side in d.
ORDERS = {2: ("td",), 3: ("htd", "btd"), 4: ("bhtd", "bthd")}


ONE_HEAD = "assuming one head; add --heads N if all heads are side by side in the last axis"


class Sizes(NamedTuple):
    """What the source states about the sizes of an attention; None: unknown."""

    n_head: int | None = None
    n_query: int | None = None
    n_key: int | None = None
    n_sequence: int | None = None


class Vectors(NamedTuple):
    """Queries and keys in standard axes.

    Shapes: query [batch, head, query, d], key [batch, kv_head, key, d],
    value [batch, kv_head, key, d_value], None: not stored
    """

    query: FloatArray
    key: FloatArray
    value: FloatArray | None


def read_axes(
    arrays: tuple[FloatArray, FloatArray, FloatArray | None],
    sizes: Sizes,
    axes: str | None,
    *,
    is_projection: bool,
    is_token_first: bool,
) -> tuple[Vectors, tuple[str, ...]]:
    """Queries, keys and values of one layer in standard axes, and a sentence if they are a guess.

    A reading fits if heads, tokens and dimensions of all arrays agree, and agree with `sizes`.
    Shapes: each [...] -> [batch, head, token, d]
    Raises InvalidInputError where no order of axes fits, MisuseError for `axes` that do not fit.
    """
    query, key = arrays[0], arrays[1]
    if axes is not None:
        vectors = arrange(arrays, require_axes(axes, query.shape), sizes)
        if vectors is None or not fits(vectors, sizes):
            raise MisuseError(f"--axes {axes!r} does not fit {describe_shapes(arrays, sizes)}")
        return vectors, ()
    orders = ORDERS.get(query.ndim, ()) if query.ndim == key.ndim else ()
    if is_projection:
        refuse_unknown_heads(query, sizes)
        orders = tuple(order for order in orders if "h" not in order)
    elif is_token_first:
        orders = tuple(sorted(orders, key=lambda order: order != "bthd"))
    readings = {order: arrange(arrays, order, sizes) for order in orders}
    fitting = {order: v for order, v in readings.items() if v is not None and fits(v, sizes)}
    if not fitting:
        raise InvalidInputError(
            f"{describe_shapes(arrays, sizes)} do not fit each other as [head, token, d] or "
            "[batch, token, head, d]; add --axes, one letter per axis, of b(atch) h(ead) t(oken) d"
        )
    order, vectors = next(iter(fitting.items()))
    if len(fitting) == 1 or is_token_first or all(same(vectors, v) for v in fitting.values()):
        is_assumed = sizes.n_head is None and vectors.query.shape[1] == 1
        return vectors, (ONE_HEAD,) if is_assumed else ()
    names = ", ".join(NAMES[letter] for letter in order)
    others = ", ".join(other for other in fitting if other != order)
    note = (
        f"interpreting queries of shape {query.shape} as [{names}]; override with --axes {others}"
    )
    return vectors, (Reading(note),)


def refuse_unknown_heads(query: FloatArray, sizes: Sizes) -> None:
    """Refuse projections whose number of heads is not known."""
    if sizes.n_head is None:
        raise InvalidInputError(
            f"projections of shape {query.shape} hold all heads side by side; add --heads N, "
            "their number"
        )


def arrange(
    arrays: tuple[FloatArray, FloatArray, FloatArray | None], order: str, sizes: Sizes
) -> Vectors | None:
    """The arrays in standard axes, if they have this order; None where heads do not divide d.

    Shapes: each as `order` -> [batch, head, token, d]
    """
    query, key, value = arrays
    if any(array is not None and array.ndim != len(order) for array in arrays):
        return None
    n_head = sizes.n_head or 1
    if "h" in order:
        return Vectors(*(None if a is None else standard(a, order) for a in arrays))  # type: ignore[arg-type]
    width, remainder = divmod(query.shape[order.index("d")], n_head)
    if remainder or not width:
        return None
    n_kv_head, remainder = divmod(key.shape[-1], width)
    if remainder or not n_kv_head:
        return None
    split = [(query, n_head), (key, n_kv_head)]
    if value is not None:
        if divmod(value.shape[-1], n_kv_head)[1]:
            return None
        split.append((value, n_kv_head))
    return Vectors(
        *(split_heads(standard(array, order), n) for array, n in split),
        *(() if value is not None else (None,)),
    )


def standard(array: FloatArray, order: str) -> FloatArray:
    """Move to the standard axes, missing ones of size 1.    [...] -> [batch, head, token, d]"""
    moved = array.transpose([order.index(letter) for letter in ORDER if letter in order])
    full: FloatArray = moved[tuple(slice(None) if c in order else None for c in "bhtd")]
    return full


def split_heads(array: FloatArray, n_head: int) -> FloatArray:
    """Heads that are side by side, apart.

    Shapes: [batch, 1, token, head · d] -> [batch, head, token, d]
    """
    n_batch, _, n_token, width = array.shape
    heads = array.reshape(n_batch, n_token, n_head, width // n_head)
    return np.ascontiguousarray(heads.swapaxes(1, 2))


def fits(vectors: Vectors, sizes: Sizes) -> bool:
    """Whether queries, keys and values fit each other, and what the source states."""
    query, key, value = vectors
    n_batch, n_head, n_query, d = query.shape
    if not (query.size and key.size):
        return False
    of_each = (
        key.shape[0] == n_batch,
        divmod(n_head, key.shape[1])[1] == 0,
        key.shape[3] == d,
        value is None or (value.size > 0 and value.shape[:3] == key.shape[:3]),
    )
    stated = zip(sizes, (n_head, n_query, key.shape[2], n_batch), strict=True)
    return all(of_each) and all(a in (None, b) for a, b in stated)


def same(one: Vectors, other: Vectors) -> bool:
    """Whether two readings are the same numbers in the same axes."""
    return all(
        a is b is None or np.array_equal(a, b)  # type: ignore[arg-type]
        for a, b in zip(one, other, strict=True)
    )


def require_axes(axes: str, shape: Shape) -> str:
    """The letters, if they name each axis of the shape once; else MisuseError."""
    is_distinct = set(axes) <= set("bhtd") and len(set(axes)) == len(axes)
    if not is_distinct or not {"t", "d"} <= set(axes) or len(axes) != len(shape):
        raise MisuseError(
            f"--axes {axes!r} does not fit queries of shape {shape}: one letter per axis, of "
            "b(atch), h(ead), t(oken), d, with t and d among them"
        )
    if "h" not in axes and not axes.endswith("d"):
        raise MisuseError(f"--axes {axes!r}: without h, the last axis is that of all heads, d")
    return axes


def describe_shapes(arrays: tuple[FloatArray, FloatArray, FloatArray | None], sizes: Sizes) -> str:
    """The shapes of the arrays, and what is known of the attention."""
    names = ("queries", "keys", "values")
    shapes = [f"{n} {a.shape}" for n, a in zip(names, arrays, strict=True) if a is not None]
    known = [
        f"{n} {what if n == 1 else plural(what)}"
        for what, n in zip(("head", "query", "key", "sequence"), sizes, strict=True)
        if n is not None
    ]
    return ", ".join(shapes) + (f" with {', '.join(known)}" if known else "")
