"""Grid of the overview: the place of each head, and the labels of rows and columns."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads, heads_by_map
from attnviz.record import Record
from attnviz.render.safe_text import escape_text


class OverviewGrid(Record):
    """The row and column of each head, by its array indices (layer, head), and the labels."""

    cells: Mapping[tuple[int, int], tuple[int, int]]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_name: str = "layer"

    @property
    def n_cell(self) -> int:
        """The number of places of the grid."""
        return len(self.rows) * len(self.columns)

    @classmethod
    def of(cls, amap: AttentionMap) -> OverviewGrid:
        """Layers (down) × heads (across); in a comparison, the layers of each map below others."""
        layers = [amap.layer_label(i).removeprefix("layer ") for i in range(amap.n_layer)]
        groups = heads_by_map(amap)
        if not groups:
            heads = [amap.head_label(j).removeprefix("head ") for j in range(amap.n_head)]
            cells = {(i, j): (i, j) for i in range(amap.n_layer) for j in range(amap.n_head)}
            return cls(cells, escape_all(layers), escape_all(heads))
        rows: list[str] = []
        cells = {}
        for name, indices in groups.items():
            for i, layer in enumerate(layers):
                cells |= {(i, j): (len(rows), column) for column, j in enumerate(indices)}
                rows.append(name if amap.n_layer == 1 else f"{name} · {layer}")
        compared = compared_heads(amap)
        longest = max(groups.values(), key=len)
        heads = [str(compared[j].head) for j in longest]
        row_name = "map" if amap.n_layer == 1 else "map · layer"
        return cls(cells, escape_all(rows), escape_all(heads), row_name)


def escape_all(texts: list[str]) -> tuple[str, ...]:
    """Texts that are safe to draw."""
    return tuple(map(escape_text, texts))
