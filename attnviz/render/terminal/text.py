"""The text view: the keys as running text, colored by the weights of one query."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.segment import Segment

from attnviz.render.row_remainder import Remainder
from attnviz.render.segment_borders import find_borders
from attnviz.render.style import query_index
from attnviz.render.terminal.context import RenderContext, no_glyphs
from attnviz.render.terminal.layout import Block, Line, flow_blocks
from attnviz.render.terminal.segment_lines import split_at

TEXT_WIDTH = 80  # natural width of running text


def render_lines(context: RenderContext) -> Iterator[Line]:
    """One paragraph per head and segment: the keys, and their weights below them."""
    query = query_index(context.amap, context.style)
    label = context.screen.label(context.amap.queries[query])
    yield from context.heading_lines(f"attention from query {query} ({label}) to each key")
    segments = split_at(len(context.amap.keys), find_borders(context.amap.keys))
    for at in context.head_indices:
        words = list(key_blocks(context.of_head(at), at, query))
        lines = [
            line
            for start, end in segments
            for line in flow_blocks(words[start:end], context.screen.width, gap=1)
        ]
        yield from context.with_title(at, lines, is_row=True)
        yield []
    zero = "0 = exact zero" if context.has_exact_zero else ""
    yield from context.legend_lines(
        no_glyphs, [context.masked_note, zero, Remainder.note(context.amap)]
    )


def natural_width(context: RenderContext) -> int:
    """The width of running text."""
    del context
    return TEXT_WIDTH


def key_blocks(context: RenderContext, at: tuple[int, int], query: int) -> Iterator[Block]:
    """Each key with its weight below it."""
    screen, amap = context.screen, context.amap
    weights, masked = context.head_weights(at)
    levels = context.scale.levels(weights[query]).tolist()
    row = zip(amap.keys, weights[query].tolist(), masked[query].tolist(), levels, strict=True)
    for key, weight, is_masked, level in row:
        label = screen.label(key, screen.width)
        number = context.format_weight(weight, is_masked)
        width = max(cell_len(label), len(number))
        style = None if is_masked else context.cell_style(level)
        yield [
            [Segment(screen.align_left(label, width), style)],
            [Segment(screen.align_left(number, width), screen.style("dim"))],
        ]
