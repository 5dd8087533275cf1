"""Maps too large for numbers: every weight a block of colour, or a glyph where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from rich.color import ColorSystem
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.colors import Palette
from attnviz.render.row_remainder import Remainder
from attnviz.render.segment_borders import borders
from attnviz.render.terminal.cell_colors import HIDDEN, UNSEEN, Ramp, half_block, shades
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.gutters import Gutter
from attnviz.render.terminal.layout import GAP, Block, Line, beside, plain
from attnviz.render.terminal.segment_lines import down, ruler, stretches

AXES = "rows: queries, downwards  look at  columns: keys, rightwards"
STEP = 4  # of 256 levels: finer steps cost time and cannot be seen


def draw(scene: Scene) -> Iterator[Line]:
    """One block map a head."""
    amap, screen = scene.amap, scene.screen
    gutter = Gutter(screen, amap.queries)
    room = max(1, screen.width - gutter.width - len(borders(amap.keys)))
    lines = max(screen.height, screen.width)
    pool = Pool.into(len(amap.queries), len(amap.keys), lines * rows_a_line(scene), room)
    pool = pool.even if len(amap.queries) == len(amap.keys) else pool
    beside_it = min(2, len(scene.places))  # wide cells are no reason to stand below each other
    drawn_wide = 2 * pool.columns(len(amap.keys)) + len(borders(amap.keys))
    wide = beside_it * (gutter.width + drawn_wide + GAP) - GAP
    twice = rows_a_line(scene) == 1 and wide <= screen.width
    yield from scene.heading(AXES)
    drawn = [
        scene.titled(at, map_of(scene, at, pool, 2 if twice else 1, gutter)) for at in scene.places
    ]
    yield from beside(drawn, screen.width)
    ramp = ramp_of(scene)
    yield from scene.legend(ramp, [*block_notes(scene, ramp), pool.note])


def natural_width(scene: Scene) -> int:
    """How wide one head is when nothing is pooled."""
    keys = scene.amap.keys
    return Gutter(scene.screen, scene.amap.queries).width + len(keys) + len(borders(keys))


def rows_a_line(scene: Scene) -> int:
    """Two rows of half blocks, or one of glyphs."""
    return 1 if scene.screen.block_depth is None else 2


def ramp_of(scene: Scene) -> Ramp | None:
    """The glyphs that stand for weights, where colours cannot."""
    shown = scene.screen.block_depth is not None
    return None if shown else shades(scene.screen.ascii, scene.amap.signed)


def block_notes(scene: Scene, ramp: Ramp | None) -> list[str]:
    """What the marks that are no colours mean, and what rows sum to."""
    blank = "a blank is exactly zero" if scene.zero and ramp is not None else ""
    return [scene.hidden_note, blank, Remainder.note(scene.amap)]


def map_of(scene: Scene, at: tuple[int, int], pool: Pool, cells: int, gutter: Gutter) -> Block:
    """One head, with marks above and to the left, and lines where another text begins."""
    screen, amap = scene.screen, scene.amap
    weights, hidden = pool(*scene.head(at))
    down_before, across_before = pool.borders(amap)
    columns = stretches(weights.shape[1], down_before)
    marks = gutter.column_marks(amap.keys, pool, cells, down_before)
    lines: Block = [plain(marks, screen.look("dim"))]
    for top, bottom in stretches(weights.shape[0], across_before):
        if top:
            widths = [(bool(left), cells * (right - left)) for left, right in columns]
            lines.append(ruler(screen, gutter.width, widths))
        parts = [
            drawn_rows(scene, weights[top:bottom, a:b], hidden[top:bottom, a:b], cells)
            for a, b in columns
        ]
        for number, row in enumerate(zip(*parts, strict=True)):
            mark = gutter.mark((top + rows_a_line(scene) * number) * pool.queries)
            edge = Segment(mark, screen.look("dim"))
            lines.append([edge, *row[0], *(s for part in row[1:] for s in (down(screen), *part))])
    return lines


def drawn_rows(scene: Scene, weights: FloatArray, hidden: BoolArray, cells: int = 1) -> Block:
    """The cells alone: half blocks, or glyphs that are `cells` wide.    [row, column] -> lines"""
    depth = scene.screen.block_depth
    if depth is not None:
        levels = scene.scale.levels(weights).astype(int) // STEP * STEP
        levels = np.where(hidden, UNSEEN, levels)
        return list(half_block_rows(levels, scene.scale.palette, depth))
    ramp = shades(scene.screen.ascii, scene.amap.signed)
    glyphs = ramp.glyphs(weights, scene.scale.high, hidden, scene.screen.words(HIDDEN))
    return [plain("".join(row)) for row in np.repeat(glyphs, cells, axis=1).tolist()]


def half_block_rows(levels: IntArray, palette: Palette, depth: ColorSystem) -> Iterator[Line]:
    """Two rows of levels a line.    [row, column] -> lines"""
    if levels.shape[0] % 2:
        levels = np.vstack([levels, np.full_like(levels[:1], UNSEEN)])
    for upper, lower in zip(levels[::2].tolist(), levels[1::2].tolist(), strict=True):
        line: Line = []
        for (top, bottom), run in groupby(zip(upper, lower, strict=True)):
            glyph, style = half_block(palette, depth, top, bottom)
            line.append(Segment(glyph * len(list(run)), style))
        yield line
