"""Axes of attention arrays: layer, batch, head, query, key."""

from __future__ import annotations

from typing import Any

from attnviz.core.arrays import Shape
from attnviz.errors import InvalidInputError, MisuseError

ORDER = "lbhqk"
NAMES = dict(zip(ORDER, ("layer", "batch", "head", "query", "key"), strict=True))
USUAL = {2: "qk", 3: "hqk", 4: "lhqk", 5: "lbhqk"}
USUAL_OF_LAYER = {2: "qk", 3: "hqk", 4: "bhqk"}


def infer_axes(shape: Shape, axes: str | None) -> tuple[str, tuple[str, ...]]:
    """One letter per axis of an array with all layers, and a sentence if they are a guess.

    Raises InvalidInputError for an unusual number of axes, MisuseError for `axes` that do not
    fit the shape.
    """
    if axes is not None:
        return require_axes(axes, shape), ()
    if len(shape) not in USUAL:
        raise InvalidInputError(
            f"an array of shape {shape} is not attention: it has {len(shape)} axes, not 2 to 5"
        )
    letters = USUAL[len(shape)]
    if len(shape) in (2, 5) or shape[0] == 1:  # unambiguous, or it makes no difference
        return letters, ()
    names = ", ".join(NAMES[letter] for letter in letters)
    return letters, (f"interpreting shape {shape} as [{names}]; override with --axes",)


def infer_layer_axes(shape: Shape, axes: str | None) -> str:
    """One letter per axis of the array of one layer.

    Raises InvalidInputError for an unusual number of axes, MisuseError for `axes` that do not
    fit the shape.
    """
    if axes is not None:
        return require_axes(axes.removeprefix("l"), shape)
    if len(shape) not in USUAL_OF_LAYER:
        raise InvalidInputError(f"a layer of shape {shape} is not [batch, head, query, key]")
    return USUAL_OF_LAYER[len(shape)]


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
