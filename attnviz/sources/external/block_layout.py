"""Block-sparse attention: a layout of blocks, and the values of those that exist.

DeepSpeed and Triton keep [batch, block, row, column] beside a layout of 0 and 1, [head, query
block, key block]; blocks are in the order of the ones of the layout, head by head.
Paper: 1904.10509
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.to_numpy import is_array, to_numpy
from attnviz.sources.safe_read import check_budget

LAYOUT = "layout"
BYTES_PER_CELL = 5  # of a map: a weight and a flag
BLOCK_AXES = (3, 4)  # block, row, column; or a batch of them


class Blocks(NamedTuple):
    """Blocks as a map over all pairs; `named` has it in place of layout and values.

    Shapes: weights and visible [batch, head, query, key]
    """

    weights: FloatArray
    visible: BoolArray
    named: dict[str, Any]


def find_blocks(named: Mapping[str, Any]) -> Blocks | None:
    """The weights of blocks as a map over all pairs; None without a layout.

    Raises InvalidInputError for a layout without the values of its blocks.
    """
    if not is_array(named.get(LAYOUT)) and not isinstance(named.get(LAYOUT), list):
        return None
    layout = to_numpy(named[LAYOUT], LAYOUT)
    layout = layout[None] if layout.ndim == 2 else layout
    if layout.ndim != 3 or not np.isin(layout, (0, 1)).all() or not layout.any():
        raise InvalidInputError(
            f"layout of shape {layout.shape} should hold 0 and 1, [head, query block, key block]"
        )
    n_block = int(layout.sum())
    candidates = {name: value for name, value in named.items() if fits_layout(value, n_block)}
    if len(candidates) != 1:
        raise InvalidInputError(
            f"layout has {n_block} blocks, and "
            + (f"{' and '.join(candidates)} may be" if candidates else "no array holds")
            + f" their values [batch, {n_block}, row, column]; save one of them beside it, or the "
            "attention as [head, query, key] without a layout"
        )
    ((name, values),) = candidates.items()
    blocks = to_numpy(values, name)
    blocks = blocks[None] if blocks.ndim == 3 else blocks
    weights, visible = expand_blocks(layout.astype(bool), blocks)
    rest = {other: value for other, value in named.items() if other not in (name, LAYOUT)}
    return Blocks(weights, visible, {"attentions": weights, **rest})


def fits_layout(value: Any, n_block: int) -> bool:
    """Whether a value is an array of square blocks of this number."""
    if not is_array(value) or len(value.shape) not in BLOCK_AXES:
        return False
    return bool(value.shape[-3] == n_block and value.shape[-1] == value.shape[-2])


def expand_blocks(layout: BoolArray, blocks: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Blocks at their places.

    Shapes: layout [head, query block, key block], blocks [batch, block, row, column] -> weights
    [batch, head, query, key], visible likewise
    """
    n_batch, _, size, _ = blocks.shape
    n_head, n_row, n_column = layout.shape
    n_byte = BYTES_PER_CELL * n_batch * layout.size * size**2
    check_budget(n_byte, "these blocks as a map over all tokens")
    full = np.zeros((n_batch, n_head, n_row, size, n_column, size), blocks.dtype)
    for n, (head, row, column) in enumerate(np.argwhere(layout)):
        full[:, head, row, :, column] = blocks[:, n]
    visible = np.repeat(np.repeat(layout, size, axis=1), size, axis=2)
    weights = full.reshape(n_batch, n_head, n_row * size, n_column * size)
    return weights, np.broadcast_to(visible, weights.shape)
