"""Grid attention (MaxViT): a sparse grid of positions over the whole image."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask


class ImageGrid(Mask):
    """Grid attention: keys whose row and column differ from the query's by multiples of `step`.

    Paper: 2204.01697 (MaxViT; the grid has as many columns as the image has, over `step`)
    """

    name = "image-grid"
    limits: ClassVar = {"columns": (1, inf), "step": (1, inf)}
    step: int = 2
    columns: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        rows = grid.q // self.columns - grid.k // self.columns
        columns = grid.q % self.columns - grid.k % self.columns
        return (rows % self.step == 0) & (columns % self.step == 0)


PARTS: tuple[type[Mask], ...] = (ImageGrid,)
