"""What a picture is of: the map, its words as they are shown, its colours, its fonts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.colors import Scale
from attnviz.render.figure.fonts import Letters, width_of
from attnviz.render.figure.remainder_column import Column
from attnviz.render.row_remainder import KEPT
from attnviz.render.safe_text import one_line, printable
from attnviz.render.style import Style

DECIMALS = 2
HIDDEN = "hidden: may not be looked at"


class Subject(Record):
    """A map, ready to be drawn.

    Shapes: hidden [layer, head, query, key]
    """

    amap: AttentionMap
    style: Style
    title: str
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    hidden: BoolArray
    column: Column | None
    scale: Scale
    letters: Letters

    @classmethod
    def of(
        cls, amap: AttentionMap, style: Style, *, palette: str | None = None, live: bool = False
    ) -> Subject:
        """The map with words that can be shown.

        `palette` is what suits the view. Where text stays `live`, the reader's fonts draw it,
        and no character is missing.
        """
        if not amap.weights.size:
            raise MisuseError("the map holds no weights; there is nothing to draw")
        title = title_of(amap, style)
        queries = tuple(printable(token.label) for token in amap.queries)
        keys = tuple(printable(token.label) for token in amap.keys)
        hidden, column = amap.hidden, Column.of(amap)
        kept = column.values if column is not None and column.mark == KEPT else 0.0
        shown = np.append(amap.weights, kept)
        words = (title, *queries, *keys, *amap.names, *style.captions.values())
        letters = Letters.of(map(one_line, words))
        if live:
            letters = replace(letters, missing=frozenset())
        wanted = style.palette or (None if amap.signed else palette)
        return cls(
            amap=amap,
            style=style,
            title=title,
            queries=queries,
            keys=keys,
            hidden=np.broadcast_to(np.False_ if hidden is None else hidden, amap.weights.shape),
            column=column,
            scale=Scale.of(shown, signed=amap.signed, palette=wanted),
            letters=letters,
        )

    @property
    def n_panel(self) -> int:
        """How many heads there are in all layers."""
        return self.amap.n_layer * self.amap.n_head

    @property
    def columns(self) -> Iterable[int]:
        """How many panels may stand side by side: several layers have a row each."""
        several = self.amap.n_layer > 1 and self.amap.n_head > 1
        return (self.amap.n_head,) if several else range(1, self.n_panel + 1)

    @property
    def pooled_note(self) -> str:
        """What a cell of a pooled map shows; nothing where cells are tokens."""
        return str(self.amap.meta.get("pooled", ""))

    @property
    def hidden_note(self) -> str:
        """What hatched cells are; nothing where there are none."""
        return HIDDEN if self.hidden.any() else ""

    @property
    def right(self) -> float:
        """Where the columns of a panel end, in cells."""
        return len(self.keys) - 0.5 if self.column is None else self.column.right

    def heads(self) -> Iterator[tuple[int, int]]:
        """The places of all heads, layer by layer."""
        yield from np.ndindex(self.amap.n_layer, self.amap.n_head)

    def headings(self, points: float, room: float) -> list[str]:
        """What stands above the heads: L3 H1 where layer 3 · head 1 would be too wide."""
        for short in (False, True):
            said = [self.heading(*place, short=short) for place in self.heads()]
            if max(width_of(heading, points) for heading in said) <= room:
                return said
        return [self.letters.cut(heading, points, room) for heading in said]

    def heading(self, layer: int, head: int, *, short: bool = False) -> str:
        """The name of a head; of a single layer, the number stands in the title."""
        amap = self.amap
        if amap.names:
            return self.letters.spelled(one_line(amap.name(layer, head)))
        if amap.n_layer == 1:
            return f"head {amap.heads[head]}"
        return f"L{amap.layers[layer]} H{amap.heads[head]}" if short else amap.name(layer, head)

    def caption(self, layer: int, head: int) -> str:
        """What someone had to say about a head."""
        return self.style.captions.get((self.amap.layers[layer], self.amap.heads[head]), "")

    def number(self, weight: float) -> str:
        """A weight in digits; signed ones carry their sign."""
        digits = DECIMALS if self.style.precision is None else self.style.precision
        text = f"{weight:{'+' if self.scale.centred else ''}.{digits}f}"
        bare = text.lstrip("+-")
        return bare if float(bare) == 0 else text.replace("-", "−")


def title_of(amap: AttentionMap, style: Style) -> str:
    """The title that was asked for, or what the map says of itself."""
    if style.title is not None:
        return one_line(style.title)
    names = [amap.title]
    if amap.n_layer == 1 and (amap.layers != (0,) or "model" in amap.meta):
        names.append(f"layer {amap.layers[0]}")
    return one_line(" · ".join(names))
