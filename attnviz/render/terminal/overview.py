"""The overview: a thumbnail of every head in a grid of layers (down) × heads (across)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from attnviz.core.comparison import compared_heads, heads_by_map
from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.blocks import block_notes, cell_rows, glyph_ramp, rows_per_line
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.head_patterns import pattern_lines
from attnviz.render.terminal.layout import Block, Line, join_blocks, pad_line, text_line

AXES = "grid: layers (down) × heads (across); thumbnail: queries (down) × keys (across)"
MIN_SIDE, MAX_SIDE = 8, 16  # width of a thumbnail in cells
GAP = 2


def render_lines(context: RenderContext) -> Iterator[Line]:
    """One thumbnail per head; heads that do not fit side by side continue below.

    The maps of a comparison are below each other, each under its name.
    """
    amap, screen = context.amap, context.screen
    grid_width = screen.width - gutter_width(context)
    groups = heads_by_map(amap) or {"": list(range(amap.n_head))}
    n_head = max(map(len, groups.values()))
    side = min(MAX_SIDE, max(MIN_SIDE, (grid_width + GAP) // max(1, n_head) - GAP))
    rows = side if rows_per_line(context) == 2 else side // 2  # a cell is twice as high as wide
    pool = Pool.to_size(len(amap.queries), len(amap.keys), rows, side)
    width = max(MIN_SIDE, pool.n_column(len(amap.keys)))
    if n_head == 1:
        width = max(width, cell_len(head_label(context, 0)))
    n_band = -(-n_head // max(1, (grid_width + GAP) // (width + GAP)))
    fit = -(-n_head // max(1, n_band))
    yield from context.heading_lines(AXES)
    for name, heads in groups.items():
        if name:
            yield from context.wrap_lines(screen.escape(name), screen.style("bold"))
        for start in range(0, len(heads), fit):
            yield from head_grid(context, heads[start : start + fit], pool, width)
    notes = block_notes(context, glyph_ramp(context))
    yield from context.legend_lines(glyph_ramp, [*notes, pool.note(is_mask=context.is_mask)])
    yield from pattern_lines(context)


def natural_width(context: RenderContext) -> int:
    """The width of the grid with the largest thumbnails."""
    groups = heads_by_map(context.amap).values()
    n_head = max(map(len, groups), default=context.amap.n_head)
    return gutter_width(context) + n_head * (MAX_SIDE + GAP)


def head_label(context: RenderContext, index: int) -> str:
    """The label of a head above its column; in a comparison its number in its own map."""
    label, compared = context.amap.head_label(index), compared_heads(context.amap)
    if compared:
        map_name, _, head = compared[index]
        is_reduced = "reduced_heads" in context.amap.meta
        label = label.removeprefix(f"{map_name} · ") if is_reduced else f"head {head}"
    return context.screen.escape(label)


def gutter_width(context: RenderContext) -> int:
    """The width of the layer names and the gap after them."""
    return max(len(context.amap.layer_label(i)) for i in range(context.amap.n_layer)) + GAP


def head_grid(
    context: RenderContext, heads: Sequence[int], pool: Pool, width: int
) -> Iterator[Line]:
    """These heads of all layers, with head numbers above and layer numbers to the left."""
    bold, amap = context.screen.style("bold"), context.amap
    edge = gutter_width(context) - GAP
    names = [context.screen.align_left(head_label(context, h), width) for h in heads]
    yield from join_blocks([[text_line(text, bold)] for text in (" " * edge, *names)], GAP)
    for layer in range(amap.n_layer):
        name: Block = [text_line(amap.layer_label(layer).ljust(edge), bold)]
        thumbnails = [
            [
                pad_line(line, width)
                for line in cell_rows(
                    context.of_head((layer, h)), *pool(*context.head_weights((layer, h)))
                )
            ]
            for h in heads
        ]
        yield from join_blocks([name, *thumbnails], GAP)
        yield []
