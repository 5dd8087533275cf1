"""Blocks: a layer split into heads, queries and the keys that those queries can reach.

Blocks fit the processor's cache and leave out keys that all their queries mask. The split depends
on the shape of the layer and on its mechanism alone, never on the number of threads: the results
are the same, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import TypeVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.attention import Block, apply_positions, compute_weights
from attnviz.core.engine.parallel import map_tasks
from attnviz.core.engine.softmax_block import compute_softmax_block, is_dot_softmax
from attnviz.core.grid import FULL_BLOCK, AxisIndex, BlockIndex
from attnviz.core.inputs import Inputs
from attnviz.core.masks import Full
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError

# All in weights, head × query × key, but for QUERIES_PER_BLOCK.
SINGLE_BLOCK_MAX = 1 << 16  # up to this size, a layer is one block
BLAS_MIN = 1 << 18  # multiplications of one product, for more of which OpenBLAS uses threads
BLOCK_SIZE = 1 << 18  # size of a block, as far as QUERIES_PER_BLOCK allows
HEAD_BLOCK_SIZE = 1 << 21  # of one head in a block, likewise
HEAD_GROUPS = 2, 4  # blocks of a layer of up to BLOCK_SIZE, and above: each costs some 50 µs
QUERIES_PER_BLOCK = 64, 256  # minimum and maximum: with fewer, matrix products are slow
MATRIX_MAX = 1 << 28  # limit for mechanisms that compute their whole matrix at once

Result = TypeVar("Result")


def no_memory(indices: BlockIndex) -> None:
    """Weights of a block that are kept nowhere."""
    del indices


def compute_blocks(
    variant: Variant,
    inputs: Inputs,
    use: Callable[[Block], Result],
    memory: Callable[[BlockIndex], FloatArray | None] = no_memory,
) -> Iterator[Result]:
    """The result of `use` on each block of a layer, in order; `use` may run in any thread.

    `memory` returns where the weights of a block are kept, [head, query, key], or None; they may
    be computed there.
    Raises MisuseError where the mechanism computes its whole matrix at once and it is too large.
    """
    inputs = apply_positions(variant, inputs)

    is_plain = is_dot_softmax(variant)

    def work(indices: BlockIndex) -> Result:
        own, block = inputs.select_block(indices), None
        if is_plain:
            block = compute_softmax_block(variant, own, indices, memory(indices))
        if block is None:
            block = compute_weights(variant, own, indices=indices)
        return use(block)

    n_product = prod(inputs.grid.shape[1:]) * inputs.query.shape[-1]
    is_large = n_product > BLAS_MIN or prod(inputs.grid.shape) > SINGLE_BLOCK_MAX
    return map_tasks(work, split_into_blocks(variant, inputs), is_large=is_large)


def split_into_blocks(variant: Variant, inputs: Inputs) -> list[BlockIndex]:
    """The blocks of a layer."""
    n_head, n_query, n_key = inputs.grid.shape
    if n_head * n_query * n_key <= SINGLE_BLOCK_MAX:
        return [FULL_BLOCK]
    if not variant.row_local:
        check_matrix_size(variant, inputs)
        return [FULL_BLOCK]
    size = HEAD_BLOCK_SIZE if variant.head_local else 2 * BLOCK_SIZE // n_head
    fewest, most = QUERIES_PER_BLOCK
    step = min(max(size // n_key, fewest if variant.head_local else 1), most)
    # Where all queries fit one block, split the heads, so that threads have something to share.
    n_group = HEAD_GROUPS[n_head * n_query * n_key > BLOCK_SIZE]
    max_heads = -(-n_head // n_group) if step >= n_query else n_head
    blocks = []
    for start in range(0, n_query, step):
        queries = slice(start, min(start + step, n_query))
        keys, n_reachable = reachable_keys(
            variant, inputs.select_block(BlockIndex(queries=queries))
        )
        heads_per_block = n_head
        if variant.head_local:
            heads_per_block = max(1, BLOCK_SIZE // max(1, step * n_reachable))
            heads_per_block = min(heads_per_block, max_heads)
        blocks += [
            BlockIndex(slice(head, min(head + heads_per_block, n_head)), queries, keys)
            for head in range(0, n_head, heads_per_block)
        ]
    return blocks


def leaves_out_keys(variant: Variant) -> bool:
    """Whether blocks may leave out keys, which no query of theirs attends to."""
    return variant.key_local and type(variant.mask) is not Full


def reachable_keys(variant: Variant, inputs: Inputs) -> tuple[AxisIndex, int]:
    """The keys that some of these queries may attend to, and their number."""
    n_key = inputs.grid.n_key
    if not leaves_out_keys(variant):
        return slice(0, n_key), n_key
    keys = np.flatnonzero(variant.mask.bounds(inputs.grid)[0])
    if not keys.size:
        return slice(0, 0), 0
    first, last = int(keys[0]), int(keys[-1])
    return (slice(first, last + 1) if last - first < keys.size else keys), keys.size


def check_matrix_size(variant: Variant, inputs: Inputs) -> None:
    """Check that a whole matrix is not larger than MATRIX_MAX; otherwise raise MisuseError."""
    n_head, n_query, n_key = inputs.grid.shape
    if n_head * n_query * n_key > MATRIX_MAX:
        raise MisuseError(
            f"{variant.name!r} computes its whole matrix at once, and {n_head} heads × {n_query} "
            f"× {n_key} is more than {MATRIX_MAX}; use a shorter text"
        )
