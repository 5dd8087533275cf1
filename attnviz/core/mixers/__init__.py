"""Wholes: mechanisms that make their whole matrix at once.    -> weights [head, query, key]

Linear, recurrent and landmark layers never write their matrix down; it is implied by what they
compute, and can be drawn all the same.
"""

from __future__ import annotations

from typing import ClassVar

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.part import Inputs, Part, RowSum


class Whole(Part):
    """A mechanism that makes its whole matrix at once, without scores to normalize."""

    row_local = False
    formula: ClassVar[str]
    row_sum: ClassVar[RowSum] = "any"
    signed: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]

        What is hidden is set to zero by the caller; it must not show in what is visible.
        """
        raise TypeError(f"{type(self).__name__} does not say its matrix")


PARTS: tuple[type[Whole], ...] = ()
