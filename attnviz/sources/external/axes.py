"""Which axis of an array is what."""

from __future__ import annotations

from typing import Any

from attnviz.core.arrays import Shape
from attnviz.errors import InvalidInputError, MisuseError

ORDER = "lbhqk"
NAMES = dict(zip(ORDER, ("layer", "batch", "head", "query", "key"), strict=True))
USUAL = {2: "qk", 3: "hqk", 4: "lhqk", 5: "lbhqk"}
USUAL_OF_LAYER = {2: "qk", 3: "hqk", 4: "bhqk"}


def letters_of(shape: Shape, axes: str | None) -> tuple[str, tuple[str, ...]]:
    """A letter for each axis of one array, and a sentence where they were guessed.

    Raises InvalidInputError for a rank nobody uses, MisuseError for letters that do not fit.
    """
    if axes is not None:
        return fitting(axes, shape), ()
    if len(shape) not in USUAL:
        raise InvalidInputError(
            f"an array of shape {shape} is not attention: it has {len(shape)} axes, not 2 to 5"
        )
    letters = USUAL[len(shape)]
    if len(shape) in (2, 5) or shape[0] == 1:  # nothing else it could be, or no difference
        return letters, ()
    read_as = ", ".join(NAMES[letter] for letter in letters)
    return letters, (
        f"the shape {shape} is read as [{read_as}]; axes, letters of {ORDER!r}, say otherwise",
    )


def letters_of_layer(shape: Shape, axes: str | None) -> str:
    """A letter for each axis of what one layer gave.

    Raises InvalidInputError for a rank nobody uses, MisuseError for letters that do not fit.
    """
    if axes is not None:
        return fitting(axes.removeprefix("l"), shape)
    if len(shape) not in USUAL_OF_LAYER:
        raise InvalidInputError(f"a layer of shape {shape} is not [batch, head, query, key]")
    return USUAL_OF_LAYER[len(shape)]


def fitting(axes: str, shape: Shape) -> str:
    """The letters, if they name each axis of that shape once."""
    known = set(axes) <= set(ORDER) and len(set(axes)) == len(axes)
    if not known or not {"q", "k"} <= set(axes) or len(axes) != len(shape):
        raise MisuseError(
            f"axes={axes!r} does not fit the shape {shape}: it should have one letter for each "
            "axis, of l(ayer), b(atch), h(ead), q(uery), k(ey), with q and k among them"
        )
    return axes


def ordered(array: Any, letters: str) -> Any:
    """Axes in their order, missing ones added.    any -> [layer, batch, head, query, key]"""
    turned = array.transpose([letters.index(axis) for axis in ORDER if axis in letters])
    return turned[tuple(slice(None) if axis in letters else None for axis in ORDER)]
