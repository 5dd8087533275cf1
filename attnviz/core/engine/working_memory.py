"""Working memory: the numbers that exist at once while the weights of a layer are computed."""

from __future__ import annotations

from attnviz.core.engine.blocks import BLOCK_SIZE, HEAD_BLOCK_SIZE, QUERIES_PER_BLOCK
from attnviz.core.engine.softmax_block import is_dot_softmax
from attnviz.core.variant import Variant

SOFTMAX_ARRAYS = 2  # of a block of scaled dot products, which is computed in place


def count_working_numbers(
    variant: Variant, n_head: int, n_query: int, n_key: int, n_thread: int
) -> int:
    """Numbers in the intermediate arrays of a layer, beside its result.

    A mechanism whose rows depend on other rows holds its arrays for all heads, queries and keys.
    Of the others only the blocks in work exist, one for each thread.
    """
    n_weight = n_head * n_query * n_key
    if variant.row_local:
        n_weight = min(n_weight, n_thread * largest_block(n_head, n_key))
    return count_arrays(variant) * n_weight


def largest_block(n_head: int, n_key: int) -> int:
    """The weights of a block at most, see `split_into_blocks`."""
    fewest, most = QUERIES_PER_BLOCK
    of_head = min(most * n_key, max(HEAD_BLOCK_SIZE, fewest * n_key))
    return max(BLOCK_SIZE, n_head * n_key, of_head)


def count_arrays(variant: Variant) -> int:
    """Arrays of the size of the weights, or of a block of them, that exist at the same time."""
    if variant.mixer is not None:
        return variant.mixer.count_arrays()
    if is_dot_softmax(variant):
        return SOFTMAX_ARRAYS
    return max(part.count_arrays() for part in variant.parts)
