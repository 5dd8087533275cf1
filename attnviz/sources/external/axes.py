"""Axes of attention arrays: layer, batch, head, query, key."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.guesses import Reading

ORDER = "lbhqk"
NAMES = dict(zip(ORDER, ("layer", "batch", "head", "query", "key"), strict=True))
# The orders of axes that programs save, by number of axes; the first is the default.
ORDERS = {
    2: ("qk",),
    3: ("hqk", "bqk", "lqk"),
    4: ("lhqk", "bhqk", "blqk", "lbqk"),
    5: ("lbhqk", "blhqk"),
}
# The same where the first axis is that of a list of arrays.
ORDERS_OF_LAYERS = {3: ("lqk",), 4: ("lhqk", "lbqk"), 5: ("lbhqk", "blhqk", "lhbqk")}
LARGEST_ERROR = 1e-2  # of sums that should be 1: of 16-bit weights, or of few decimals
LEAST_ERROR, RATIO = 1e-4, 20  # of sums along the last axis, beside those along another


def infer_axes(
    shape: Shape, axes: str | None, n_sequence: int | None = None, *, of_layers: bool = False
) -> tuple[str, tuple[str, ...]]:
    """One letter per axis of an array with all layers, and a sentence if they are a guess.

    `n_sequence` is the number of sequences in the batch, if the source states it, which one
    order may fit and another not; `of_layers`: the first axis is that of a list of arrays.
    Raises InvalidInputError for an unusual number of axes, MisuseError for `axes` that do not
    fit the shape.
    """
    if axes is not None:
        return require_axes(axes, shape), ()
    orders = (ORDERS_OF_LAYERS if of_layers else ORDERS).get(len(shape))
    if orders is None:
        raise InvalidInputError(
            f"an array of shape {shape} is not attention: it has {len(shape)} axes, not 2 to 5"
            if not of_layers
            else f"a layer of shape {shape[1:]} is not [batch, head, query, key]"
        )
    fit = [o for o in orders if n_sequence in (None, axis_size(shape, o, "b"))]
    letters = (fit or orders)[0]
    if letters == "lbhqk" and shape[0] == 1 and "blhqk" in fit and not of_layers:
        letters = "blhqk"  # of a batch of one, and of one layer of several sequences
    if fit and is_unambiguous(shape, of_layers=of_layers):
        return letters, ()
    is_batch = n_sequence is not None and n_sequence > 1 and len(fit) == 1
    guess = describe_reading(shape, letters, n_sequence if is_batch else None)
    is_returned = len(shape) == (len(ORDER) if of_layers else len("bhqk")) and not is_batch
    is_usual = is_returned and (of_layers or shape[0] == 1)  # as models return it
    is_stated = is_batch and letters == orders[0]
    is_alike = len({long_axes(shape, order) for order in fit or orders}) == 1
    return letters, (guess if is_usual or is_stated or is_alike else Reading(guess),)


def is_unambiguous(shape: Shape, *, of_layers: bool) -> bool:
    """Whether no axis before query and key has several members, or one that models return.

    `of_layers`: the first axis is that of a list of arrays, [batch of one, head, query, key] each.
    """
    *leading, n_query, n_key = shape
    if of_layers:
        is_plausible = n_query == n_key or n_key not in leading  # no other may be the queries
        return len(leading) == 1 or (
            len(leading) == len("lbh") and leading[1] == 1 and is_plausible
        )
    return not leading or (set(leading) == {1} and n_query == n_key)


def axis_size(shape: Shape, order: str, axis: str) -> int:
    """The size of an axis in this order; 1 if the order lacks it."""
    return shape[order.index(axis)] if axis in order else 1


def long_axes(shape: Shape, order: str) -> str:
    """The letters of axes with more than one member, which another order may call otherwise."""
    return "".join(axis for axis, n in zip(order, shape, strict=True) if n > 1)


def describe_reading(shape: Shape, letters: str, n_sequence: int | None) -> str:
    """The sentence about axes that are a guess."""
    names = ", ".join(NAMES[letter] for letter in letters)
    reason = f", since {n_sequence} sequences are stated" if n_sequence else ""
    return f"interpreting shape {shape} as [{names}]{reason}; override with --axes"


def check_key_axis(weights: FloatArray, letters: str) -> None:
    """Refuse an array whose last axis is not that of the keys, by the sums of its weights.

    The weights of a query sum to 1 over the keys. Where they do not, but those along another
    axis do everywhere, either that one is the key axis or weights are normalized otherwise.
    Shapes: weights as `letters`
    """
    last = weights.ndim - 1
    if (
        letters[-1] != "k"
        or not weights.size
        or (error := error_of_sums(weights, last)) <= LEAST_ERROR
    ):
        return
    for axis in range(last):
        other = error_of_sums(weights, axis)
        if weights.shape[axis] > 1 and other <= LARGEST_ERROR and error > RATIO * other:
            moved = letters[:axis] + "k" + letters[axis + 1 : -1] + letters[axis]
            *_, n_before, n, n_last = (0, *weights.shape)
            if letters[axis - 1 :] == "hqk" and n_before == n != n_last:  # heads are last
                moved = letters[: axis - 1] + "qkh"
            name = NAMES[letters[axis]]
            raise InvalidInputError(
                f"the weights of shape {weights.shape} sum to 1 along axis {axis}, not along the "
                f"last: if that is the key axis, add --axes {moved!r}; if weights are normalized "
                f"over the {name} axis, --axes {letters!r}"
            )


def error_of_sums(weights: FloatArray, axis: int) -> float:
    """How far sums along an axis are from 1, those of masked rows, 0, aside.    [...] -> error"""
    with np.errstate(invalid="ignore", over="ignore"):
        sums = weights.sum(axis, dtype=np.float64)
        error = np.abs(sums - 1).max(initial=-1.0, where=sums != 0)
    return float(error) if error >= 0 else np.inf


def require_axes(axes: str, shape: Shape) -> str:
    """The letters, if they name each axis of the shape once; else MisuseError."""
    distinct = set(axes) <= set(ORDER) and len(set(axes)) == len(axes)
    if not distinct or not {"q", "k"} <= set(axes) or len(axes) != len(shape):
        raise MisuseError(
            f"--axes {axes!r} does not fit the shape {shape}: it should have one letter per axis, "
            "of l(ayer), b(atch), h(ead), q(uery), k(ey), with q and k among them"
        )
    return axes


def order_axes(array: Any, letters: str) -> Any:
    """Transpose to the standard axes, adding missing ones.

    Shapes: any -> [layer, batch, head, query, key]
    Raises InvalidInputError for another number of axes.
    """
    if array.ndim != len(letters):
        names = ", ".join(NAMES[letter] for letter in letters)
        raise InvalidInputError(f"an array of shape {array.shape} is not [{names}]")
    transposed = array.transpose([letters.index(axis) for axis in ORDER if axis in letters])
    return transposed[tuple(slice(None) if axis in letters else None for axis in ORDER)]
