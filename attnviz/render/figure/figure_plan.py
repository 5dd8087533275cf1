"""Figure plans: a layout, how good it is, and the function that draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.record import Record
from attnviz.render.figure.layout import FigureLayout, Margins, PanelSize, best_split, panel_size
from attnviz.render.figure.page_size import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HALF = 0.5  # of the figure: panels of this area are large enough
ENOUGH = 0.5  # of what is possible: so are panels of this area
NO_MARGINS = Margins(left=0.0, right=0.0, top=0.0, bottom=0.0, across=0.0, down=0.0)


class FigurePlan(Record):
    """A layout and the function that draws it.

    `share` is the part of the figure that panels cover; `is_roomy`: type need not be smaller;
    `captions_fit`: no caption is truncated within its first part.
    """

    layout: FigureLayout
    draw: Callable[[], Figure]
    share: float = 1.0
    is_roomy: bool = True
    captions_fit: bool = True

    @property
    def is_good(self) -> bool:
        """Whether nothing needs to be smaller or omitted."""
        return self.is_roomy and self.captions_fit


def is_roomy(n: int, columns: Iterable[int], need: PanelSize, layout: FigureLayout) -> bool:
    """Whether panels are large: half of the figure, or of what panels without labels would be."""
    cell = (layout.panel[0] / need.wide, layout.panel[1] / need.tall)
    nothing = Margins(left=0, right=0, top=0, bottom=0, across=0, down=0)
    page = Page(*layout.size, fixed_width=True, fixed_height=True)
    best = best_split(n, list(columns), need, nothing, page)
    possible = replace(best, panel=panel_size(best, need, page)).share(n)
    return min(cell) >= need.largest or layout.share(n) >= min(HALF, ENOUGH * possible)
