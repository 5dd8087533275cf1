"""Block maps: one colored half block per weight, or one glyph where colors are missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from rich.color import ColorSystem
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.palette import Palette
from attnviz.render.row_remainder import Remainder
from attnviz.render.segment_borders import find_borders
from attnviz.render.terminal.cell_colors import (
    MASKED,
    NO_LEVEL,
    GlyphRamp,
    half_block_cell,
    shade_ramp,
)
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.gutters import Gutter
from attnviz.render.terminal.layout import GAP, Block, Line, block_columns, text_line
from attnviz.render.terminal.segment_lines import horizontal_line, split_at, vertical_line

AXES = "rows = queries, columns = keys"
LEVEL_STEP = 4  # of 256 levels; finer steps cost time and are not visible


def render_lines(context: RenderContext) -> Iterator[Line]:
    """One block map per head."""
    amap, screen = context.amap, context.screen
    gutter = Gutter(screen, amap.queries)
    n_border = len(find_borders(amap.keys))
    n_column = max(1, screen.width - gutter.width - n_border)
    n_line = max(screen.height, screen.width)
    n_row = n_line * rows_per_line(context)
    pool = Pool.to_size(len(amap.queries), len(amap.keys), n_row, n_column)
    pool = pool.uniform if len(amap.queries) == len(amap.keys) else pool
    # Glyphs are two cells wide only where that leaves two heads side by side.
    side_by_side = min(2, len(context.head_indices))
    double_width = 2 * pool.n_column(len(amap.keys)) + n_border
    width = side_by_side * (gutter.width + double_width + GAP) - GAP
    cells = 2 if rows_per_line(context) == 1 and width <= screen.width else 1
    yield from context.heading_lines(AXES)
    blocks = [
        context.with_title(at, block_map(context.of_head(at), at, pool, cells, gutter))
        for at in context.head_indices
    ]
    yield from block_columns(blocks, screen.width)
    notes = block_notes(context, glyph_ramp(context))
    yield from context.legend_lines(glyph_ramp, [*notes, pool.note(is_mask=context.is_mask)])


def natural_width(context: RenderContext) -> int:
    """The width of one head without pooling."""
    keys = context.amap.keys
    return Gutter(context.screen, context.amap.queries).width + len(keys) + len(find_borders(keys))


def rows_per_line(context: RenderContext) -> int:
    """Rows of weights per line: two of half blocks, or one of glyphs."""
    return 1 if context.screen.block_depth is None else 2


def glyph_ramp(context: RenderContext) -> GlyphRamp | None:
    """The glyphs for weights where the terminal has too few colors, else None."""
    has_colors = context.screen.block_depth is not None
    return None if has_colors else shade_ramp(context.screen.ascii, context.scale.is_signed)


def block_notes(context: RenderContext, ramp: GlyphRamp | None) -> list[str]:
    """Legend of the marks, and the row sums."""
    return [context.masked_note, blank_note(context, ramp), Remainder.note(context.amap)]


def blank_note(context: RenderContext, ramp: GlyphRamp | None) -> str:
    """The meaning of a blank among the glyphs; empty with colors, which have none."""
    if ramp is None or context.is_mask:
        return ""
    if ramp.marks_zero:
        return "blank = exact zero" if context.has_exact_zero else ""
    name = "|weight|" if context.amap.signed else "weight"
    limit = float(context.scale.weights_at(np.asarray(ramp.blank_below(1.0))))
    return f"blank = {name} < {limit:.2g}"


def block_map(
    context: RenderContext, at: tuple[int, int], pool: Pool, cells: int, gutter: Gutter
) -> Block:
    """One head, with marks above and to the left, and lines at segment borders."""
    screen, amap = context.screen, context.amap
    weights, masked = pool(*context.head_weights(at))
    down_before, across_before = pool.borders(amap)
    columns = split_at(weights.shape[1], down_before)
    marks = gutter.column_marks(amap.keys, pool, cells, down_before)
    lines: Block = [text_line(marks, screen.style("dim"))]
    for top, bottom in split_at(weights.shape[0], across_before):
        if top:
            widths = [(bool(left), cells * (right - left)) for left, right in columns]
            lines.append(horizontal_line(screen, gutter.width, widths))
        parts = [
            cell_rows(context, weights[top:bottom, a:b], masked[top:bottom, a:b], cells)
            for a, b in columns
        ]
        for number, row in enumerate(zip(*parts, strict=True)):
            mark = gutter.row_mark((top + rows_per_line(context) * number) * pool.queries)
            edge = Segment(mark, screen.style("dim"))
            lines.append(
                [edge, *row[0], *(s for part in row[1:] for s in (vertical_line(screen), *part))]
            )
    return lines


def cell_rows(
    context: RenderContext, weights: FloatArray, masked: BoolArray, cells: int = 1
) -> Block:
    """The cells only: half blocks, or glyphs `cells` wide.    [row, column] -> lines"""
    depth = context.screen.block_depth
    if depth is not None:
        levels = context.scale.levels(weights).astype(int) // LEVEL_STEP * LEVEL_STEP
        levels = np.where(masked, NO_LEVEL, levels)
        return list(half_block_lines(levels, context.scale.palette, depth))
    ramp = shade_ramp(context.screen.ascii, context.scale.is_signed)
    glyphs = ramp.choose_glyphs(
        context.scale.positions(weights), 1.0, masked, context.screen.encodable(MASKED)
    )
    return [text_line("".join(row)) for row in np.repeat(glyphs, cells, axis=1).tolist()]


def half_block_lines(levels: IntArray, palette: Palette, depth: ColorSystem) -> Iterator[Line]:
    """Two rows of palette levels per line.    [row, column] -> lines"""
    if levels.shape[0] % 2:
        levels = np.vstack([levels, np.full_like(levels[:1], NO_LEVEL)])
    for upper, lower in zip(levels[::2].tolist(), levels[1::2].tolist(), strict=True):
        line: Line = []
        for (top, bottom), run in groupby(zip(upper, lower, strict=True)):
            glyph, style = half_block_cell(palette, depth, top, bottom)
            line.append(Segment(glyph * len(list(run)), style))
        yield line
