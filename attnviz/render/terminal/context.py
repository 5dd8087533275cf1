"""What a view draws from, and the words that stand around every view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as Look

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import Scale
from attnviz.render.safe_text import one_line
from attnviz.render.style import REMARK, Style
from attnviz.render.terminal.cell_colors import HIDDEN, Ramp, cell_style
from attnviz.render.terminal.layout import Block, Line, block_width, flow, plain, share_of
from attnviz.render.terminal.screen import Screen

SWATCHES = 16  # steps of the scale that the legend shows
CAPTION_WIDTH = 28  # a caption below a narrow block may be this wide


class Scene(Record):
    """A map, the wishes about it, and the screen it goes to; one scale for all heads."""

    amap: AttentionMap
    style: Style
    screen: Screen
    scale: Scale

    @classmethod
    def of(cls, amap: AttentionMap, style: Style, screen: Screen) -> Scene:
        """The scene with the scale that fits the map."""
        scale = Scale.of(amap.weights, signed=amap.signed, palette=style.palette)
        return cls(amap, style, screen, scale)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Every head, as its place in the arrays: layer, then head."""
        return [(i, j) for i in range(self.amap.n_layer) for j in range(self.amap.n_head)]

    @cached_property
    def hidden(self) -> BoolArray | None:
        """What may not be looked at.    -> [layer, head, query, key], or None"""
        return self.amap.hidden

    def head(self, at: tuple[int, int]) -> tuple[FloatArray, BoolArray]:
        """Weights of one head, and what of them is hidden.    -> [query, key], [query, key]"""
        weights = self.amap.weights[at]
        return weights, np.zeros(weights.shape, bool) if self.hidden is None else self.hidden[at]

    @property
    def form(self) -> str:
        """How weights are printed: as few decimals as show them, or powers of ten."""
        sign, precision = "+" if self.amap.signed else "", self.style.precision
        if precision is not None:
            return f"{sign}.{precision}f"
        if self.scale.high < 0.01 or self.scale.high >= 1e4:
            return f"{sign}.1e"
        return f"{sign}.{2 if self.scale.high >= 0.1 else 3}f"

    def numeral(self, weight: float, hidden: bool = False) -> str:
        """A weight as it is printed; an exact zero has no decimals, a hidden one no number."""
        if hidden:
            return self.screen.words(HIDDEN)
        said = "0" if weight == 0 else format(weight, self.form)
        return said if float(said) else said.lstrip("+-")  # no sign where there is no digit

    def cell_look(self, level: int) -> Look | None:
        """How a number stands on the colour of its level, where there are colours."""
        depth = self.screen.depth
        return None if depth is None else cell_style(self.scale.palette, depth, level)

    def name(self, at: tuple[int, int]) -> str:
        """Which head it is, by its original numbers."""
        return self.screen.words(one_line(self.amap.name(*at)))

    def titled(self, at: tuple[int, int], block: Block) -> Block:
        """A head's drawing between its name and its caption."""
        room = share_of(
            self.screen.width, max(block_width(block), CAPTION_WIDTH), len(self.places)
        )
        key = self.amap.layers[at[0]], self.amap.heads[at[1]]
        caption = self.style.captions.get(key, "")
        remarks = caption.split(REMARK) if cell_len(caption) > room else [caption]
        return [
            plain(self.name(at), self.screen.look("bold")),
            *block,
            *(
                plain(line)
                for remark in map(self.screen.foreign, remarks)
                for line in self.screen.wrap(remark, room)
                if line
            ),
        ]

    def heading(self, axes: str) -> Iterator[Line]:
        """What it is, by which mechanism, and which axis is which."""
        meta = self.amap.meta
        title = self.style.title or self.amap.title
        yield from self.paragraph(self.screen.foreign(title), self.screen.look("bold"))
        for key in ("algebra", "pooled", "reduced"):
            if meta.get(key):
                said = str(meta[key]) if key == "algebra" else f"{key}: {meta[key]}"
                yield from self.paragraph(self.screen.foreign(said))
        yield from self.paragraph(self.screen.words(axes))
        yield []

    def paragraph(self, text: str, look: Look | None = None) -> Iterator[Line]:
        """Text in as many lines as it needs."""
        for line in self.screen.wrap(text, self.screen.width):
            yield plain(line, look)

    def legend(self, ramp: Ramp | None, notes: Iterable[str]) -> Iterator[Line]:
        """The scale with its limits, and what each mark means."""
        width = self.screen.width
        said = (self.screen.wrap(self.screen.words(note), width) for note in notes if note)
        yield from flow([[self.scale_line(ramp)], *([*map(plain, text)] for text in said)], width)

    def scale_line(self, ramp: Ramp | None) -> Line:
        """From the lowest weight to the highest: in glyphs, in colours, or in words alone."""
        sign = "+" if self.scale.low else ""
        low, high = f"{self.scale.low:.3g}", f"{self.scale.high:{sign}.3g}"
        if ramp is not None:
            middle = plain(f" {ramp.all} ")
        elif self.screen.depth is not None:
            steps = np.linspace(0, 255, SWATCHES).astype(int).tolist()
            swatches = (Segment(" ", self.cell_look(level)) for level in steps)
            middle = [Segment(" "), *swatches, Segment(" ")]
        else:
            middle = plain(" to ")
        return [Segment(f"weight {low}"), *middle, Segment(high)]

    @property
    def hidden_note(self) -> str:
        """What the mark of hidden cells means, where there are any."""
        return "" if self.hidden is None else f"{HIDDEN} hidden"

    @property
    def zero(self) -> bool:
        """Whether a visible weight is exactly zero."""
        zeros = self.amap.weights == 0
        return bool((zeros if self.hidden is None else zeros & ~self.hidden).any())
