"""Highlights: frames around rows and cells of a panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import find_token
from attnviz.errors import MisuseError
from attnviz.render.style import Highlight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INNER, OUTER = ("#000000", 1.3), ("#ffffff", 3.2)  # visible on every color of a cell


def find_highlights(
    amap: AttentionMap, highlights: Iterable[str | Highlight]
) -> tuple[Highlight, ...]:
    """Highlights as positions; of texts the tokens are found.

    Raises MisuseError for a token or position that the map lacks.
    """
    found: list[Highlight] = []
    for highlight in highlights:
        if isinstance(highlight, str):
            # A leading comma is a token.
            query, comma, key = highlight[1:].partition(",")
            query = highlight[:1] + query
            at = find_token(query, amap.queries, "query")
            found.append((at, find_token(key, amap.keys, "key") if comma else None))
            continue
        at, position = highlight
        if not (0 <= at < len(amap.queries) and 0 <= (position or 0) < len(amap.keys)):
            raise MisuseError(f"highlight {highlight} is not in this map")
        found.append((at, position))
    return tuple(found)


def draw_highlights(axes: Axes, highlights: tuple[Highlight, ...], n_key: int) -> None:
    """Frame the row of each query, or the cell of a query and a key, in cells of the axes."""
    for query, key in highlights:
        left, width = (-0.5, n_key) if key is None else (key - 0.5, 1)
        frame_box(axes, (left, query - 0.5), width)


def frame_box(axes: Axes, corner: tuple[float, float], width: float) -> None:
    """Draw a frame around cells of one row, from their upper left corner."""
    from matplotlib.patches import Rectangle

    for color, line in (OUTER, INNER):
        axes.add_patch(
            Rectangle(
                corner, width, 1, fill=False, edgecolor=color, linewidth=line,
                clip_on=False, zorder=6, label="highlight", joinstyle="miter",
            )
        )  # fmt: skip
