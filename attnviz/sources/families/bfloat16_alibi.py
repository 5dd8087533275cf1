"""ALiBi as Falcon computes it: slopes and products are rounded to bfloat16."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.biases import Bias, alibi_slopes
from attnviz.core.inputs import Inputs


class Bfloat16Alibi(Bias):
    """ALiBi with 8 significant bits, as the Falcon models were trained.

    Formula: S + bf16(bf16(slope_h) · j), which differs from -slope_h · (i - j) by a constant per
    row and by the rounding
    Paper: 2108.12409; 2311.16867
    """

    name = "alibi-bf16"

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        slope = round_to_bfloat16(alibi_slopes(grid.n_head))[grid.h]
        return logits + round_to_bfloat16(slope * grid.k).astype(logits.dtype)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The head's slope times the position of the key, rounded"""
        slope = float(round_to_bfloat16(alibi_slopes(pair.inputs.grid.n_head))[pair.head])
        yield ArithmeticLine(self.name, ("bf16(", slope, " × ", pair.j, ")"), term)


def round_to_bfloat16(x: FloatArray) -> FloatArray:
    """Numbers rounded to 8 significant bits, ties to even.    [...] -> [...]"""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)
