"""The strongest links as lines, from the queries on the left to the keys on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.layout import Line, plain, trimmed, width_of
from attnviz.render.terminal.text import READABLE

AXES = "lines lead from queries, left,  to  keys, right: a query looks at a key"
MOST_LINKS = 10
LABEL = 10
SAID = 44  # cells for the labels of both sides and one weight
LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
BOXES = " ╴╶─╵╯╰┴╷╮╭┬│┤├┼"  # at the sum of the directions a line leaves in
PLAIN_BOXES = " ---|+++|+++|++|"


class Link(Record):
    """A query looks at a key."""

    query: int
    key: int
    weight: float


def strongest_links(weights: FloatArray, hidden: BoolArray, most: int) -> list[Link]:
    """The links of the largest size, strongest first; zeros are no links.    [query, key]"""
    size = np.where(hidden, 0.0, np.abs(weights)).ravel()
    enough = np.partition(size, -most)[-most] if size.size > most else 0.0
    near = np.flatnonzero((size >= enough) & (size > 0))
    order = near[np.argsort(-size[near], kind="stable")][:most]
    links = [divmod(int(at), weights.shape[1]) for at in order]
    return [Link(q, k, float(weights[q, k])) for q, k in links]


def draw(scene: Scene) -> Iterator[Line]:
    """The strongest links of each head."""
    yield from scene.heading(AXES)
    most = max(3, min(MOST_LINKS, (scene.screen.width - SAID) // 2))
    for at in scene.places:
        links = strongest_links(*scene.head(at), most)
        yield from scene.titled(at, list(drawn(scene, links)))
        yield []
    n_link = len(scene.amap.queries) * len(scene.amap.keys)
    shown = f"at most {min(most, n_link)} of {n_link} links a head, the strongest"
    yield from scene.legend(None, [shown, "tokens without such a link are left out"])


def natural_width(scene: Scene) -> int:
    """Lines take no more room than running text."""
    del scene
    return READABLE


def drawn(scene: Scene, links: Sequence[Link]) -> Iterator[Line]:
    """Tokens on both sides, links between them: a query stands a line above its own key."""
    queries, keys = {link.query for link in links}, {link.key for link in links}
    if scene.amap.queries == scene.amap.keys:
        queries = keys = queries | keys
    row_of_query = {q: 2 * row for row, q in enumerate(sorted(queries))}
    row_of_key = {k: 2 * row + 1 for row, k in enumerate(sorted(keys))}
    lanes = sorted(links, key=lambda link: (link.query, -link.key))
    ways = [(row_of_query[link.query], row_of_key[link.key]) for link in lanes]
    left = side(scene, scene.amap.queries, row_of_query)
    right = side(scene, scene.amap.keys, row_of_key)
    blank = " " * max(map(cell_len, left.values()), default=0)
    boxes = PLAIN_BOXES if scene.screen.ascii else BOXES
    key_at = {row: key for key, row in row_of_key.items()}
    for row, directions in enumerate(routed(ways, 2 * max(len(queries), len(keys)))):
        line = plain(f"{left.get(row, blank)} {''.join(boxes[d] for d in directions)}")
        reached = [link for link in links if link.key == key_at.get(row)]
        if reached:
            line.append(Segment(f"{scene.screen.words('→')} {right[row]}"))
            line += said(scene, reached, scene.screen.width - width_of(line))
        yield trimmed(line)


def said(scene: Scene, links: Sequence[Link], room: int) -> Iterator[Segment]:
    """The weights of the links that end at a key, and where they come from, as far as they fit."""
    levels = scene.scale.levels(np.array([link.weight for link in links])).tolist()
    for number, (link, level) in enumerate(zip(links, levels, strict=True)):
        value, source = scene.numeral(link.weight), f" from {link.query}"
        more = f"  +{len(links) - number}"
        room -= 2 + len(value) + len(source)
        if room < (len(more) if number + 1 < len(links) else 0):
            yield Segment(more)
            return
        yield from (Segment("  "), Segment(value, scene.cell_look(level)), Segment(source))


def side(scene: Scene, tokens: Sequence[Token], rows: dict[int, int]) -> dict[int, str]:
    """What stands at each row of one side, all of the same width."""
    texts = {row: f"{at} {scene.screen.label(tokens[at], LABEL)}" for at, row in rows.items()}
    width = max(map(cell_len, texts.values()), default=0)
    return {row: scene.screen.left(text, width) for row, text in texts.items()}


def routed(ways: Sequence[tuple[int, int]], n_row: int) -> list[list[int]]:
    """Each way on a lane of its own: right from its first row, along, and right to its last.

    -> directions [row, column], sums of LEFT, RIGHT, UP, DOWN
    """
    grid = np.zeros((n_row, 2 * len(ways) + 1), dtype=int)
    for number, (start, stop) in enumerate(ways):
        lane = 2 * number + 1
        grid[start, :lane] |= LEFT | RIGHT
        grid[stop, lane + 1 :] |= LEFT | RIGHT
        low, high = min(start, stop), max(start, stop)
        grid[low + 1 : high, lane] |= UP | DOWN
        grid[start, lane] |= LEFT | (DOWN if stop > start else UP)
        grid[stop, lane] |= RIGHT | (UP if stop > start else DOWN)
    made: list[list[int]] = grid.tolist()
    return made
