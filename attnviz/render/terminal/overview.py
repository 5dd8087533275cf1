"""Every head as a thumbnail: layers downwards, heads rightwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.blocks import block_notes, drawn_rows, ramp_of, rows_a_line
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.head_patterns import habits
from attnviz.render.terminal.layout import Block, Line, joined, padded, plain

AXES = (
    "layers downwards, heads rightwards; in each thumbnail  rows: queries  look at  columns: keys"
)
SMALLEST, LARGEST = 8, 16  # cells across a thumbnail
GAP = 2


def draw(scene: Scene) -> Iterator[Line]:
    """One thumbnail a head, in a grid; more heads than the width holds go on below."""
    amap, screen = scene.amap, scene.screen
    room = screen.width - gutter_width(scene)
    side = min(LARGEST, max(SMALLEST, (room + GAP) // max(1, amap.n_head) - GAP))
    rows = side if rows_a_line(scene) == 2 else side // 2  # a glyph is twice as high as wide
    pool = Pool.into(len(amap.queries), len(amap.keys), rows, side)
    width = max(SMALLEST, pool.columns(len(amap.keys)))
    n_band = -(-amap.n_head // max(1, (room + GAP) // (width + GAP)))
    fit = -(-amap.n_head // max(1, n_band))
    yield from scene.heading(AXES)
    for start in range(0, amap.n_head, fit):
        yield from grid(scene, range(start, min(start + fit, amap.n_head)), pool, width)
    ramp = ramp_of(scene)
    yield from scene.legend(ramp, [*block_notes(scene, ramp), pool.note])
    yield from habits(scene)


def natural_width(scene: Scene) -> int:
    """How wide the grid is with thumbnails of the largest size."""
    return gutter_width(scene) + scene.amap.n_head * (LARGEST + GAP)


def gutter_width(scene: Scene) -> int:
    """Room for the names of the layers, and the gap after them."""
    return max(len(f"layer {layer}") for layer in scene.amap.layers) + GAP


def grid(scene: Scene, heads: Sequence[int], pool: Pool, width: int) -> Iterator[Line]:
    """Some heads of all layers, with their numbers above and to the left."""
    look, amap = scene.screen.look("bold"), scene.amap
    edge = gutter_width(scene) - GAP
    names = [f"head {amap.heads[h]}".ljust(width) for h in heads]
    yield from joined([[plain(text, look)] for text in (" " * edge, *names)], GAP)
    for layer, number in enumerate(amap.layers):
        name: Block = [plain(f"layer {number}".ljust(edge), look)]
        thumbnails = [
            [padded(line, width) for line in drawn_rows(scene, *pool(*scene.head((layer, h))))]
            for h in heads
        ]
        yield from joined([name, *thumbnails], GAP)
        yield []
