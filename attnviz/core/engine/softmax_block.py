"""Softmax of scaled dot products, computed in one array: scores, exponentials, weights.

The general path (attention.py) keeps every stage and reads the scores again to check them. Here
each stage overwrites the one before it, and the sums of the rows are the check: a score that is
NaN or +inf, a row that needs its maximum subtracted, and a row without a visible key all have a
sum outside the safe range. Such blocks are left to the general path. The numbers are the same,
bit for bit.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.attention import IGNORED, Block, evaluate_mask
from attnviz.core.grid import BlockIndex
from attnviz.core.heads import MultiHead
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Softmax
from attnviz.core.numerics import fill_masked, is_safe_sum
from attnviz.core.scores import Dot
from attnviz.core.variant import Variant


def is_dot_softmax(variant: Variant) -> bool:
    """Whether the weights are softmax(factor · q·k) of these very parts, with any mask."""
    parts = (type(variant.score), type(variant.normalize), type(variant.heads))
    return parts == (Dot, Softmax, MultiHead) and not variant.bias and variant.mixer is None


def compute_softmax_block(
    variant: Variant, inputs: Inputs, indices: BlockIndex, out: FloatArray | None = None
) -> Block | None:
    """The weights of a block, in `out` if it fits; None where the general path has to decide.

    `inputs` are those of the block at `indices`. `out` may hold anything afterwards if the
    result is None.
    Shapes: [head, query, d], [head, key, d], out [head, query, key] -> [head, query, key]
    """
    query, key, factor = inputs.query, inputs.key, variant.scale(inputs)
    dtype = np.result_type(query, key)
    if np.ndim(factor) or np.result_type(dtype, factor) != dtype or query.dtype != dtype:
        return None
    if out is not None and out.dtype != dtype:
        out = None
    visible = evaluate_mask(variant.mask, inputs.grid)
    with np.errstate(**IGNORED):  # what matters of it is in the sums
        weights: FloatArray = np.matmul(query, key.swapaxes(-1, -2), out=out)
        np.multiply(weights, factor, out=weights)
        np.exp(weights, out=weights)
        fill_masked(weights, visible, 0.0)
        total: FloatArray = weights.sum(-1, keepdims=True)
        if not is_safe_sum(total).all():
            return None
        np.divide(weights, total, out=weights)
    return Block(indices, weights, visible)
