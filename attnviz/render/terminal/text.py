"""The keys as running text, each on the colour of the weight that one query gives it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.segment import Segment

from attnviz.render.row_remainder import Remainder
from attnviz.render.style import query_of
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.layout import Block, Line, flow

READABLE = 80  # a line of running text


def draw(scene: Scene) -> Iterator[Line]:
    """The keys in reading order, a paragraph a head, with the numbers below the words."""
    query = query_of(scene.amap, scene.style)
    label = scene.screen.label(scene.amap.queries[query])
    yield from scene.heading(f"query {query}, {label},  looks at  the tokens: keys")
    for at in scene.places:
        words = flow(list(keys_of(scene, at, query)), scene.screen.width, gap=1)
        yield from scene.titled(at, list(words))
        yield []
    zero = "0 exactly zero" if scene.zero else ""
    yield from scene.legend(None, [scene.hidden_note, zero, Remainder.note(scene.amap)])


def natural_width(scene: Scene) -> int:
    """Running text may be as wide as text is."""
    del scene
    return READABLE


def keys_of(scene: Scene, at: tuple[int, int], query: int) -> Iterator[Block]:
    """Each key with its weight below."""
    screen, amap = scene.screen, scene.amap
    weights, hidden = scene.head(at)
    levels = scene.scale.levels(weights[query]).tolist()
    row = zip(amap.keys, weights[query].tolist(), hidden[query].tolist(), levels, strict=True)
    for key, weight, unseen, level in row:
        label = screen.label(key, screen.width)
        number = scene.numeral(weight, unseen)
        width = max(cell_len(label), len(number))
        look = None if unseen else scene.cell_look(level)
        yield [
            [Segment(screen.left(label, width), look)],
            [Segment(screen.left(number, width), screen.look("dim"))],
        ]
