"""A line of bars for each query: how its weight is spread over the keys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.blocks import block_notes
from attnviz.render.terminal.cell_colors import HIDDEN, bars
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.gutters import Gutter
from attnviz.render.terminal.layout import Block, Line, beside, plain

AXES = "a line: a query  looks at  the columns: keys, then its strongest key"
STRONGEST = 22  # cells for "  → key 0.45"


def draw(scene: Scene) -> Iterator[Line]:
    """One row of bars a query, head after head."""
    amap, screen = scene.amap, scene.screen
    gutter = Gutter(screen, amap.queries)
    room = max(1, screen.width - gutter.width - STRONGEST)
    pool = Pool(keys=max(1, -(-len(amap.keys) // room)))
    ramp = bars(screen.ascii, amap.signed)
    yield from scene.heading(AXES)
    drawn = [scene.titled(at, rows_of(scene, at, pool, gutter)) for at in scene.places]
    yield from beside(drawn, screen.width)
    yield from scene.legend(ramp, [*block_notes(scene, ramp), pool.note])


def natural_width(scene: Scene) -> int:
    """How wide one head is when no keys are pooled."""
    return Gutter(scene.screen, scene.amap.queries).width + len(scene.amap.keys) + STRONGEST


def rows_of(scene: Scene, at: tuple[int, int], pool: Pool, gutter: Gutter) -> Block:
    """One head: marks above, then a line a query."""
    screen, (weights, hidden) = scene.screen, scene.head(at)
    shown, unseen = pool(weights, hidden)
    ramp = bars(screen.ascii, scene.amap.signed)
    glyphs = ramp.glyphs(shown, scene.scale.high, unseen, screen.words(HIDDEN))
    dim = screen.look("dim")
    lines: Block = [plain(gutter.column_marks(scene.amap.keys, pool), dim)]
    for query, row in enumerate(glyphs.tolist()):
        said = strongest(scene, weights[query], hidden[query])
        lines.append([Segment(gutter.mark(query), dim), Segment("".join(row) + said)])
    return lines


def strongest(scene: Scene, weights: FloatArray, hidden: BoolArray) -> str:
    """The key that the row looks at most, in words.    [key], [key] -> text"""
    screen = scene.screen
    size = np.where(hidden, 0.0, np.abs(weights))
    if not size.any():
        return "  sees nothing" if hidden.all() else "  spends nothing"
    key = int(size.argmax())
    value = scene.numeral(float(weights[key]))
    label = screen.label(scene.amap.keys[key], STRONGEST - 6 - len(value))
    return f"  {screen.words('→')} {label} {value}"
