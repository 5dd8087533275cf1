"""The lines view: box-drawing lines from queries (left) to keys (right), strongest weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.terminal.context import RenderContext, no_glyphs
from attnviz.render.terminal.layout import Line, line_width, text_line, trim_line
from attnviz.render.terminal.text import TEXT_WIDTH

AXES = "lines connect queries (left) to keys (right)"
MAX_LINKS = 10
LABEL = 10
LABELS_WIDTH = 44  # cells of the labels on both sides and one weight
LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
BOXES = " ╴╶─╵╯╰┴╷╮╭┬│┤├┼"  # indexed by the sum of the directions
ASCII_BOXES = " ---|+++|+++|++|"


class HeadLink(Record):
    """One weight of a head, as a line from a query to a key."""

    query: int
    key: int
    weight: float


def top_links(weights: FloatArray, masked: BoolArray, most: int) -> list[HeadLink]:
    """The `most` visible nonzero weights of largest magnitude, in order.    [query, key]"""
    size = np.where(masked, 0.0, np.abs(weights)).ravel()
    threshold = np.partition(size, -most)[-most] if size.size > most else 0.0
    candidates = np.flatnonzero((size >= threshold) & (size > 0))
    order = candidates[np.argsort(-size[candidates], kind="stable")][:most]
    links = [divmod(int(at), weights.shape[1]) for at in order]
    return [HeadLink(q, k, float(weights[q, k])) for q, k in links]


def render_lines(context: RenderContext) -> Iterator[Line]:
    """The strongest links of each head."""
    yield from context.heading_lines(AXES)
    most = max(3, min(MAX_LINKS, (context.screen.width - LABELS_WIDTH) // 2))
    for at in context.head_indices:
        links = top_links(*context.head_weights(at), most)
        yield from context.with_title(at, list(link_lines(context.of_head(at), links)))
        yield []
    n_link = len(context.amap.queries) * len(context.amap.keys)
    limit = f"top {min(most, n_link)} of {n_link} links per head"
    yield from context.legend_lines(no_glyphs, [limit, "tokens without a shown link are omitted"])


def natural_width(context: RenderContext) -> int:
    """The width of running text: wider terminals only add links."""
    del context
    return TEXT_WIDTH


def link_lines(context: RenderContext, links: Sequence[HeadLink]) -> Iterator[Line]:
    """Tokens on both sides and the links between them; a query is one line above its own key."""
    queries, keys = {link.query for link in links}, {link.key for link in links}
    if context.amap.queries == context.amap.keys:
        queries = keys = queries | keys
    row_of_query = {q: 2 * row for row, q in enumerate(sorted(queries))}
    row_of_key = {k: 2 * row + 1 for row, k in enumerate(sorted(keys))}
    lanes = sorted(links, key=lambda link: (link.query, -link.key))
    routes = [(row_of_query[link.query], row_of_key[link.key]) for link in lanes]
    left = side_labels(context, context.amap.queries, row_of_query)
    right = side_labels(context, context.amap.keys, row_of_key)
    blank = " " * max(map(cell_len, left.values()), default=0)
    boxes = ASCII_BOXES if context.screen.ascii else BOXES
    key_at = {row: key for key, row in row_of_key.items()}
    for row, directions in enumerate(route_links(routes, 2 * max(len(queries), len(keys)))):
        line = text_line(f"{left.get(row, blank)} {''.join(boxes[d] for d in directions)}")
        incoming = [link for link in links if link.key == key_at.get(row)]
        if incoming:
            line.append(Segment(f"{context.screen.encodable('→')} {right[row]}"))
            line += link_labels(context, incoming, context.screen.width - line_width(line))
        yield trim_line(line)


def link_labels(
    context: RenderContext, links: Sequence[HeadLink], width: int
) -> Iterator[Segment]:
    """Weight and query of the links into one key, as many as fit, and the number of others."""
    levels = context.scale.levels(np.array([link.weight for link in links])).tolist()
    for number, (link, level) in enumerate(zip(links, levels, strict=True)):
        value, source = context.format_weight(link.weight), f" from {link.query}"
        more = f"  +{len(links) - number}"
        width -= 2 + len(value) + len(source)
        if width < (len(more) if number + 1 < len(links) else 0):
            yield Segment(more)
            return
        yield from (Segment("  "), Segment(value, context.cell_style(level)), Segment(source))


def side_labels(
    context: RenderContext, tokens: Sequence[Token], rows: dict[int, int]
) -> dict[int, str]:
    """Position and label of the tokens of one side by row, padded to one width."""
    texts = {row: f"{at} {context.screen.label(tokens[at], LABEL)}" for at, row in rows.items()}
    width = max(map(cell_len, texts.values()), default=0)
    return {row: context.screen.align_left(text, width) for row, text in texts.items()}


def route_links(routes: Sequence[tuple[int, int]], n_row: int) -> list[list[int]]:
    """Draw each route (first row, last row) in a vertical lane of its own.

    -> directions [row, column], sums of LEFT, RIGHT, UP, DOWN
    """
    grid = np.zeros((n_row, 2 * len(routes) + 1), dtype=int)
    for number, (start, stop) in enumerate(routes):
        lane = 2 * number + 1
        grid[start, :lane] |= LEFT | RIGHT
        grid[stop, lane + 1 :] |= LEFT | RIGHT
        low, high = min(start, stop), max(start, stop)
        grid[low + 1 : high, lane] |= UP | DOWN
        grid[start, lane] |= LEFT | (DOWN if stop > start else UP)
        grid[stop, lane] |= RIGHT | (UP if stop > start else DOWN)
    directions: list[list[int]] = grid.tolist()
    return directions
