"""The matrix view as a table: numbers on colored cells, rows = queries, columns = keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.row_remainder import Remainder
from attnviz.render.segment_borders import find_borders
from attnviz.render.terminal.context import RenderContext, no_glyphs
from attnviz.render.terminal.layout import Block, Line, block_columns, text_line
from attnviz.render.terminal.segment_lines import horizontal_line, vertical_line

AXES = "rows = queries, columns = keys"
QUERIES = "queries"
MAX_KEY, MAX_QUERY = 12, 24  # cells of a label


def render_lines(context: RenderContext) -> Iterator[Line]:
    """One table per head."""
    layout = TableLayout.of(context)
    yield from context.heading_lines(AXES)
    blocks = [context.with_title(at, list(layout.head_table(at))) for at in context.head_indices]
    yield from block_columns(blocks, context.screen.width)
    zero = "0 = exact zero" if context.has_exact_zero else ""
    rest = layout.remainder.meaning if layout.remainder else ""
    yield from context.legend_lines(no_glyphs, [context.masked_note, zero, rest])


def natural_width(context: RenderContext) -> int:
    """The width of one head with all keys in one band."""
    columns = TableLayout.of(context).columns
    return columns.label + len(context.amap.keys) * columns.cell + columns.rest


class Columns(Record):
    """Widths of label, key and remainder columns in cells, and the keys of each band."""

    label: int
    cell: int
    rest: int
    bands: tuple[range, ...]

    @classmethod
    def of(cls, context: RenderContext, number: int, rest: int) -> Columns:
        """Columns as wide as their labels; else narrower; else in several bands of keys."""
        amap, screen = context.amap, context.screen
        limit = min(MAX_QUERY, max(MAX_KEY, screen.width // 4))
        label = max(len(QUERIES), min(limit, max_width(map(screen.label, amap.queries))))
        least = 1 + number
        preferred = max(least, 1 + min(MAX_KEY, max_width(map(screen.label, amap.keys))))
        n_key = max(1, len(amap.keys))
        width = max(least, screen.width - label - rest)
        n_band = -(-n_key // (width // least))
        per_band = -(-n_key // n_band)
        starts = range(0, n_key, per_band)
        bands = tuple(range(at, min(at + per_band, n_key)) for at in starts)
        return cls(label, min(preferred, width // per_band), rest, bands)


class TableLayout(Record):
    """The column layout shared by the tables of all heads."""

    context: RenderContext
    remainder: Remainder | None
    columns: Columns

    @classmethod
    def of(cls, context: RenderContext) -> TableLayout:
        """Columns wide enough for every number of the map."""
        remainder, rest = Remainder.of(context.amap), 0
        if remainder is not None:
            rest = 2 + max(
                max_head_width(context, remainder.values),
                cell_len(context.screen.encodable(remainder.mark)),
            )
        number = 1 if context.is_mask else max_head_width(context, context.amap.weights)
        return cls(context, remainder, Columns.of(context, number, rest))

    def head_table(self, at: tuple[int, int]) -> Iterator[Line]:
        """The table of one head, band by band."""
        weights, masked = self.context.head_weights(at)
        context = self.context.of_head(at)
        for band in self.columns.bands:
            yield from [[]] if band.start else []
            yield from self.header(band)
            keys, borders = slice(band.start, band.stop), find_borders(self.context.amap.queries)
            for query, token in enumerate(self.context.amap.queries):
                yield from [self.border_row(band)] if query in borders else []
                label = self.context.screen.align_left(
                    self.context.screen.label(token), self.columns.label
                )
                cells = self.cells(context, band, weights[query, keys], masked[query, keys])
                yield [Segment(label), *cells, *self.remainder_cell(context, (*at, query))]

    @property
    def key_borders(self) -> tuple[int, ...]:
        """The keys at which a new segment begins."""
        return find_borders(self.context.amap.keys)

    def border_row(self, band: range) -> Line:
        """A horizontal line across a band."""
        keys = (
            (key in self.key_borders, self.columns.cell - (key in self.key_borders))
            for key in band
        )
        return horizontal_line(
            self.context.screen, self.columns.label, [*keys, (False, self.columns.rest)]
        )

    def bordered_cell(self, key: int, text: str, style: RichStyle | None = None) -> Line:
        """A cell of a row, with a vertical line before it at a segment border."""
        if key not in self.key_borders:
            return [Segment(text, style)]
        return [vertical_line(self.context.screen), Segment(text[1:], style)]

    def header(self, band: range) -> Block:
        """Axis names and the key labels of a band."""
        screen, columns, keys = self.context.screen, self.columns, self.context.amap.keys
        part = f" {band.start}–{band.stop - 1} of {len(keys)}" if len(band) < len(keys) else ""
        axis = screen.encodable(f"{' ' * columns.label} keys{part} →")
        labels = (screen.label(keys[key], columns.cell - 1) for key in band)
        names = [
            segment
            for key, label in zip(band, labels, strict=True)
            for segment in self.bordered_cell(key, screen.align_right(label, columns.cell))
        ]
        rest = (
            screen.align_right(screen.encodable(self.remainder.mark), columns.rest)
            if self.remainder
            else ""
        )
        corner = Segment(screen.align_left(QUERIES, columns.label), screen.style("dim"))
        header = Segment.simplify([*names, Segment(rest)])
        return [text_line(axis, screen.style("dim")), [corner, *header]]

    def cells(
        self, context: RenderContext, band: range, weights: FloatArray, masked: BoolArray
    ) -> Iterator[Segment]:
        """The cells of a row, in the context of its head.    [key], [key] -> segments"""
        levels = context.scale.levels(weights).tolist()
        row = zip(band, weights.tolist(), masked.tolist(), levels, strict=True)
        for key, weight, is_masked, level in row:
            text = context.screen.align_right(
                context.format_weight(weight, is_masked), self.columns.cell
            )
            yield from self.bordered_cell(
                key, text, None if is_masked else context.cell_style(level)
            )

    def remainder_cell(self, context: RenderContext, row: tuple[int, int, int]) -> Line:
        """The remainder (∅ or Σ) of a row (layer, head, query), in the context of its head."""
        if self.remainder is None:
            return []
        value = context.format_number(float(self.remainder.values[row]))
        return text_line(context.screen.align_right(value, self.columns.rest))


def max_head_width(context: RenderContext, values: FloatArray) -> int:
    """The width of the widest of these numbers of all heads, in cells.    [layer, head, …]"""
    return max_width(
        context.of_head(at).format_number(value)
        for at in context.head_indices
        for value in values[at].flat
    )


def max_width(texts: Iterable[str]) -> int:
    """The width of the widest text in cells."""
    return max(map(cell_len, texts), default=0)
