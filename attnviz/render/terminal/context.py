"""Render context: map, style, screen and color scale, with the heading and legend of views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import ColorScale
from attnviz.render.head_scales import HeadScales
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text
from attnviz.render.scaling import Scaling
from attnviz.render.segment_roles import roles_note
from attnviz.render.style import SEPARATOR, Style, heading_of_text
from attnviz.render.terminal.cell_colors import (
    MASKED,
    GlyphRamp,
    cell_style,
    palette_colors,
    shade_ramp,
)
from attnviz.render.terminal.layout import (
    Block,
    Line,
    block_width,
    flow_blocks,
    max_block_width,
    text_line,
)
from attnviz.render.terminal.screen import Screen
from attnviz.render.views import find_view

SWATCHES = 16  # color steps of the scale in the legend
CAPTION_WIDTH = 28  # cells that a caption may have below a narrower block


def no_glyphs(context: RenderContext) -> None:
    """The glyphs of views that write numbers: none."""


class RenderContext(Record):
    """A map, its style, the screen, and its color scales.

    `scale` is that of the weights, or of one head (see `of_head`).
    """

    amap: AttentionMap
    style: Style
    screen: Screen
    scale: ColorScale
    scales: HeadScales

    @classmethod
    def of(cls, amap: AttentionMap, style: Style, screen: Screen) -> RenderContext:
        """The context with the color scales of this map."""
        scaling = Scaling.of(amap, style, find_view(style.view).name)
        scales = HeadScales.of(amap, style.palette, scaling=scaling)
        return cls(amap, style, screen, scales.weights, scales)

    def of_head(self, at: tuple[int, int]) -> RenderContext:
        """The context with the color scale of one head: of weights, or of differences."""
        scale = self.scales.of_head(at[1])
        return self if scale is self.scale else replace(self, scale=scale)

    @property
    def head_indices(self) -> list[tuple[int, int]]:
        """The array indices (layer, head) of every head."""
        return [(i, j) for i in range(self.amap.n_layer) for j in range(self.amap.n_head)]

    @cached_property
    def is_mask(self) -> bool:
        """Whether the map is an attention mask."""
        return self.amap.is_mask

    @cached_property
    def masked(self) -> BoolArray | None:
        """Masked weights, or None if there are none.    -> [layer, head, query, key]"""
        return self.amap.masked

    @property
    def masked_cells(self) -> BoolArray:
        """Masked weights; broadcasts to [layer, head, query, key]."""
        return np.zeros((1, 1, 1, 1), bool) if self.masked is None else self.masked

    def head_weights(self, at: tuple[int, int]) -> tuple[FloatArray, BoolArray]:
        """Weights and mask of one head.    -> [query, key], [query, key]"""
        weights = self.amap.weights[at]
        return weights, np.zeros(weights.shape, bool) if self.masked is None else self.masked[at]

    @property
    def number_format(self) -> str:
        """Format of weights: two or three decimals, or scientific for tiny and huge scales."""
        sign, precision = "+" if self.scale.is_signed else "", self.style.precision
        if self.style.percent:
            return f"{sign}.{precision or 0}%"
        if precision is not None:
            return f"{sign}.{precision}f"
        if self.scale.high < 0.01 or self.scale.high >= 1e4:
            return f"{sign}.1e"
        return f"{sign}.{2 if self.scale.high >= 0.1 else 3}f"

    def format_weight(self, weight: float, is_masked: bool = False) -> str:
        """A weight as text: "0" for an exact zero, the mark "·" for a masked one."""
        if is_masked:
            return self.screen.encodable(MASKED)
        if self.is_mask:
            return self.allowed_mark
        return "0" if weight == 0 else self.format_number(weight)

    def format_number(self, number: float) -> str:
        """A number in the format of weights; zero after rounding has no sign."""
        text = format(number, self.number_format)
        return text if float(text.rstrip("%")) else text.lstrip("+-")

    @property
    def allowed_mark(self) -> str:
        """The glyph of an allowed pair of a mask."""
        return shade_ramp(self.screen.ascii, signed=False).positive[-1]

    def cell_style(self, level: int) -> RichStyle | None:
        """The style of a number on the color of its level; None without colors."""
        depth = self.screen.depth
        if depth is None:
            return None
        if self.is_mask:  # a full glyph in the color of the level
            return RichStyle.from_color(palette_colors(self.scale.palette, depth)[level])
        return cell_style(self.scale.palette, depth, level)

    def head_name(self, at: tuple[int, int]) -> str:
        """The name of a head: its original layer and head, or its label in a comparison."""
        return self.screen.encodable(escape_text(self.amap.head_name(*at)))

    def with_title(self, at: tuple[int, int], block: Block, *, is_row: bool = False) -> Block:
        """A head between its name and its caption; with `is_row` that of the query's row."""
        width = max_block_width(
            self.screen.width, max(block_width(block), CAPTION_WIDTH), len(self.head_indices)
        )
        key = self.amap.layers[at[0]], self.amap.heads[at[1]]
        caption = (self.style.row_captions if is_row else self.style.captions).get(key, "")
        parts = caption.split(SEPARATOR) if cell_len(caption) > width else [caption]
        return [
            text_line(self.head_name(at), self.screen.style("bold")),
            *block,
            *(
                text_line(line)
                for part in map(self.screen.escape, parts)
                for line in self.screen.wrap(part, width)
                if line
            ),
        ]

    def heading_lines(self, axes: str) -> Iterator[Line]:
        """Sentence (of several), title, pipeline, notes on weights and pooling, and the axes."""
        meta = self.amap.meta
        if heading := heading_of_text(self.amap, self.style):
            yield from self.wrap_lines(self.screen.escape(heading), self.screen.style("bold"))
        if self.style.show_title:
            title = self.style.title or self.amap.title
            yield from self.wrap_lines(self.screen.escape(title), self.screen.style("bold"))
        notes = [
            meta.get("algebra"),
            untrained_note(self.amap),
            roles_note(self.amap),
            *(f"{key}: {meta[key]}" for key in ("pooled", "reduced") if meta.get(key)),
        ]
        for note in filter(None, notes):
            yield from self.wrap_lines(self.screen.escape(str(note)))
        yield from self.wrap_lines(self.screen.encodable(axes))
        yield []

    def wrap_lines(self, text: str, style: RichStyle | None = None) -> Iterator[Line]:
        """Text wrapped to the width of the screen."""
        for line in self.screen.wrap(text, self.screen.width):
            yield text_line(line, style)

    def legend_lines(
        self, choose_ramp: Callable[[RenderContext], GlyphRamp | None], notes: Iterable[str]
    ) -> Iterator[Line]:
        """The color scales with their limits, and the meaning of each mark.

        `choose_ramp` chooses the glyphs of a scale, None where there are none.
        """
        width = self.screen.width
        outside = (
            "" if self.is_mask else self.scales.outside_note(self.amap.weights, self.masked_cells)
        )
        notes = [outside, *notes]
        wrapped = (self.screen.wrap(self.screen.encodable(note), width) for note in notes if note)
        by_name = self.scales.by_name
        contexts = {name: replace(self, scale=scale) for name, scale in by_name.items()}
        scales = [
            context.scale_line(choose_ramp(context), f"{name} " if len(contexts) > 1 else "")
            for name, context in contexts.items()
        ]
        blocks = [*([line] for line in scales), *([*map(text_line, lines)] for lines in wrapped)]
        yield from flow_blocks(blocks, width)

    def scale_line(self, ramp: GlyphRamp | None, name: str = "") -> Line:
        """The scale from the lowest weight to the highest, with its glyphs or colors if any.

        A mask has no scale, but a mark for allowed pairs.
        """
        if self.is_mask:
            return [Segment(self.allowed_mark, self.cell_style(255)), Segment(" allowed")]
        sign = "+" if self.scale.is_centered else ""
        below, above = self.scales.outside(self.scale, self.amap.weights, self.masked_cells)
        low, high = f"{self.scale.low:.3g}", f"{self.scale.high:{sign}.3g}"
        if self.style.percent:
            low, high = f"{100 * self.scale.low:.3g}%", f"{100 * self.scale.high:{sign}.3g}%"
        low = self.screen.encodable(f"≤{low}") if below.size else low
        high = self.screen.encodable(f"≥{high}") if above.size else high
        if ramp is not None:
            middle = text_line(f" {ramp.all_glyphs} ")
        elif self.screen.depth is not None:
            steps = np.linspace(0, 255, SWATCHES).astype(int).tolist()
            swatches = (Segment(" ", self.cell_style(level)) for level in steps)
            middle = [Segment(" "), *swatches, Segment(" ")]
        else:
            is_marked = bool(self.scale.low or above.size)
            middle = text_line(self.screen.encodable(" to " if is_marked else "–"))
        norm = self.scale.norm.label
        return [
            Segment(f"{name}scale {low}"),
            *middle,
            Segment(f"{high} ({norm})" if norm else high),
        ]

    @property
    def masked_note(self) -> str:
        """The meaning of the mark of masked cells; empty if there are none."""
        is_shown = self.masked is not None or self.is_mask
        return f"{MASKED} masked" if is_shown else ""

    @property
    def has_exact_zero(self) -> bool:
        """Whether a visible weight is exactly zero."""
        if self.is_mask:
            return False
        zeros = self.amap.weights == 0
        return bool((zeros if self.masked is None else zeros & ~self.masked).any())
