"""A layer in blocks: some heads, some queries, and the keys that those queries can reach.

Blocks are small enough to stay near the processor, and hold no more than what somebody sees.
How a layer falls into blocks depends on its shape and its mechanism alone, never on how many
threads there are: the numbers are the same, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import TypeVar

import numpy as np

from attnviz.core.engine.attention import Block, compute_weights, turned
from attnviz.core.engine.parallel import each
from attnviz.core.grid import EVERYTHING, Place, Some
from attnviz.core.part import Inputs
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError

STRAIGHT = 1 << 18  # weights that are computed in one go
MUCH = 1 << 20  # weights that are worth starting threads for
BLOCK = 1 << 18  # weights of a block, where rows allow it
ROWS = 64, 256  # queries in a block: fewer would make products slow
LARGEST = 1 << 28  # weights that a mechanism may make at once

Result = TypeVar("Result")


def blocks(variant: Variant, inputs: Inputs, use: Callable[[Block], Result]) -> Iterator[Result]:
    """What `use` makes of each block of a layer, in order; it may be called in any thread.

    Raises MisuseError where the mechanism needs a matrix at once that is too large.
    """
    inputs = turned(variant, inputs)

    def work(place: Place) -> Result:
        return use(compute_weights(variant, inputs.part(place), place=place))

    return each(work, places(variant, inputs), much=prod(inputs.grid.shape) > MUCH)


def places(variant: Variant, inputs: Inputs) -> list[Place]:
    """Where the blocks of a layer lie."""
    n_head, n_query, n_key = inputs.grid.shape
    if n_head * n_query * n_key <= STRAIGHT:
        return [EVERYTHING]
    if not variant.row_local:
        refuse_too_large(variant, inputs)
        return [EVERYTHING]
    most = BLOCK // n_head if not variant.head_local else MUCH
    step = min(max(2 * most // n_key, ROWS[0] if variant.head_local else 1), ROWS[1])
    # Heads are parted where rows are not: something is to be shared out.
    most_heads = -(-n_head // 2) if step >= n_query else n_head
    found = []
    for start in range(0, n_query, step):
        rows = slice(start, min(start + step, n_query))
        keys, n_seen = reached(variant, inputs.part(Place(rows=rows)))
        beside = n_head
        if variant.head_local:
            beside = min(max(1, BLOCK // max(1, step * n_seen)), most_heads)
        found += [
            Place(slice(head, min(head + beside, n_head)), rows, keys)
            for head in range(0, n_head, beside)
        ]
    return found


def reached(variant: Variant, inputs: Inputs) -> tuple[Some, int]:
    """The keys that some of these queries may see, and how many they are."""
    n_key = inputs.grid.n_key
    if not variant.key_local:
        return slice(0, n_key), n_key
    keys = np.flatnonzero(variant.mask.bounds(inputs.grid)[0])
    if not keys.size:
        return slice(0, 0), 0
    first, last = int(keys[0]), int(keys[-1])
    return (slice(first, last + 1) if last - first < keys.size else keys), keys.size


def refuse_too_large(variant: Variant, inputs: Inputs) -> None:
    """A mechanism that makes its matrix at once needs room for it."""
    n_head, n_query, n_key = inputs.grid.shape
    if n_head * n_query * n_key > LARGEST:
        raise MisuseError(
            f"{variant.name!r} makes its matrix at once, and {n_head} heads × {n_query} × {n_key} "
            f"is more than {LARGEST}; give it a shorter text"
        )
