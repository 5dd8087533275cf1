"""Document masks: texts packed into one sequence."""

from __future__ import annotations

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask


class SameDocument(Mask):
    """Document mask: keys of the same segment as the query.

    Paper: 2107.02027
    """

    name = "same-document"
    aliases = ("same-text",)

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        of_query, of_key = grid.token_feature("segment")
        return of_query == of_key


class FirstDocument(Mask):
    """Keys of the first segment, such as a prefix shared by all documents."""

    name = "first-document"
    aliases = ("first-text",)

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.token_feature("segment")[1] == 0


PARTS: tuple[type[Mask], ...] = (SameDocument, FirstDocument)
