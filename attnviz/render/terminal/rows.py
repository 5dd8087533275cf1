"""The rows view: one row of bars per query, one bar per key."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.blocks import block_notes
from attnviz.render.terminal.cell_colors import MASKED, GlyphRamp, bar_ramp
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.gutters import Gutter
from attnviz.render.terminal.layout import Block, Line, block_columns, text_line

AXES = "one row of bars per query, one bar per key; → = most attended key"
STRONGEST_WIDTH = 22  # cells for "  → key 0.45"


def render_lines(context: RenderContext) -> Iterator[Line]:
    """One row of bars per query, head by head."""
    amap, screen = context.amap, context.screen
    gutter = Gutter(screen, amap.queries)
    n_column = max(1, screen.width - gutter.width - STRONGEST_WIDTH)
    pool = Pool(keys=max(1, -(-len(amap.keys) // n_column)))
    yield from context.heading_lines(AXES)
    blocks = [
        context.with_title(at, bar_rows(context.of_head(at), at, pool, gutter))
        for at in context.head_indices
    ]
    yield from block_columns(blocks, screen.width)
    notes = block_notes(context, choose_bars(context))
    yield from context.legend_lines(choose_bars, [*notes, pool.note(is_mask=context.is_mask)])


def choose_bars(context: RenderContext) -> GlyphRamp:
    """The glyphs of bars on the scale of this context."""
    return bar_ramp(context.screen.ascii, context.scale.is_signed)


def natural_width(context: RenderContext) -> int:
    """The width of one head without pooling."""
    return (
        Gutter(context.screen, context.amap.queries).width
        + len(context.amap.keys)
        + STRONGEST_WIDTH
    )


def bar_rows(context: RenderContext, at: tuple[int, int], pool: Pool, gutter: Gutter) -> Block:
    """One head: column marks, then one line per query."""
    screen, (weights, masked) = context.screen, context.head_weights(at)
    pooled, pooled_mask = pool(weights, masked)
    ramp = choose_bars(context)
    glyphs = ramp.choose_glyphs(pooled, context.scale.high, pooled_mask, screen.encodable(MASKED))
    dim = screen.style("dim")
    lines: Block = [text_line(gutter.column_marks(context.amap.keys, pool), dim)]
    for query, row in enumerate(glyphs.tolist()):
        strongest = strongest_key(context, weights[query], masked[query])
        lines.append([Segment(gutter.row_mark(query), dim), Segment("".join(row) + strongest)])
    return lines


def strongest_key(context: RenderContext, weights: FloatArray, masked: BoolArray) -> str:
    """The key with the weight of largest magnitude, as text.    [key], [key] -> text"""
    screen = context.screen
    size = np.where(masked, 0.0, np.abs(weights))
    if not size.any():
        return "  all masked" if masked.all() else "  all zero"
    key = int(size.argmax())
    value = context.format_weight(float(weights[key]))
    label = screen.label(context.amap.keys[key], STRONGEST_WIDTH - 6 - len(value))
    return f"  {screen.encodable('→')} {label} {value}"
