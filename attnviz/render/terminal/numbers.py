"""Numbers on coloured cells: rows are queries, columns are keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as Look

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.row_remainder import Remainder
from attnviz.render.segment_borders import borders
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.layout import Block, Line, beside, plain
from attnviz.render.terminal.segment_lines import down, ruler

AXES = "rows: queries  look at  columns: keys"
QUERIES = "queries"
WIDEST_KEY, WIDEST_QUERY = 12, 24


def draw(scene: Scene) -> Iterator[Line]:
    """One table a head."""
    sheet = Sheet.of(scene)
    yield from scene.heading(AXES)
    blocks = [scene.titled(at, list(sheet.table(at))) for at in scene.places]
    yield from beside(blocks, scene.screen.width)
    zero = "0 exactly zero" if scene.zero else ""
    rest = sheet.remainder.meaning if sheet.remainder else ""
    yield from scene.legend(None, [scene.hidden_note, zero, rest])


def natural_width(scene: Scene) -> int:
    """How wide one head is when its keys stand in one band."""
    columns = Sheet.of(scene).columns
    return columns.label + len(scene.amap.keys) * columns.cell + columns.rest


class Columns(Record):
    """How wide the columns are, and which keys stand in which band."""

    label: int
    cell: int
    rest: int
    bands: tuple[range, ...]

    @classmethod
    def of(cls, scene: Scene, number: int, rest: int) -> Columns:
        """Columns as wide as their labels, or narrower, or in bands below each other."""
        amap, screen = scene.amap, scene.screen
        share = min(WIDEST_QUERY, max(WIDEST_KEY, screen.width // 4))
        label = max(len(QUERIES), min(share, widest(map(screen.label, amap.queries))))
        least = 1 + number
        wish = max(least, 1 + min(WIDEST_KEY, widest(map(screen.label, amap.keys))))
        n_key = max(1, len(amap.keys))
        room = max(least, screen.width - label - rest)
        n_band = -(-n_key // (room // least))
        per_band = -(-n_key // n_band)
        starts = range(0, n_key, per_band)
        bands = tuple(range(at, min(at + per_band, n_key)) for at in starts)
        return cls(label, min(wish, room // per_band), rest, bands)


class Sheet(Record):
    """How the tables of all heads look: the same columns for each."""

    scene: Scene
    remainder: Remainder | None
    columns: Columns

    @classmethod
    def of(cls, scene: Scene) -> Sheet:
        """Columns wide enough for every number of the map."""
        remainder, rest = Remainder.of(scene.amap), 0
        if remainder is not None:
            said = (format(value, scene.form) for value in remainder.values.flat)
            rest = 2 + widest([*said, scene.screen.words(remainder.mark)])
        number = widest(format(weight, scene.form) for weight in scene.amap.weights.flat)
        return cls(scene, remainder, Columns.of(scene, number, rest))

    def table(self, at: tuple[int, int]) -> Iterator[Line]:
        """One head, band below band."""
        weights, hidden = self.scene.head(at)
        for band in self.columns.bands:
            yield from [[]] if band.start else []
            yield from self.header(band)
            cut, below = slice(band.start, band.stop), borders(self.scene.amap.queries)
            for query, token in enumerate(self.scene.amap.queries):
                yield from [self.ruler(band)] if query in below else []
                label = self.scene.screen.left(self.scene.screen.label(token), self.columns.label)
                cells = self.cells(band, weights[query, cut], hidden[query, cut])
                yield [Segment(label), *cells, *self.rest_of((*at, query))]

    @property
    def between(self) -> tuple[int, ...]:
        """The keys before which a line comes down."""
        return borders(self.scene.amap.keys)

    def ruler(self, band: range) -> Line:
        """A line across a band."""
        keys = ((key in self.between, self.columns.cell - (key in self.between)) for key in band)
        return ruler(self.scene.screen, self.columns.label, [*keys, (False, self.columns.rest)])

    def edged(self, key: int, text: str, look: Look | None = None) -> Line:
        """A cell of a row, with a line before it where another text begins."""
        if key not in self.between:
            return [Segment(text, look)]
        return [down(self.scene.screen), Segment(text[1:], look)]

    def header(self, band: range) -> Block:
        """The names of both axes, and the keys of a band."""
        screen, columns, keys = self.scene.screen, self.columns, self.scene.amap.keys
        part = f" {band.start}–{band.stop - 1} of {len(keys)}" if len(band) < len(keys) else ""
        axis = screen.words(f"{' ' * columns.label} keys{part} →")
        labels = (screen.label(keys[key], columns.cell - 1) for key in band)
        names = [
            segment
            for key, label in zip(band, labels, strict=True)
            for segment in self.edged(key, screen.right(label, columns.cell))
        ]
        rest = (
            screen.right(screen.words(self.remainder.mark), columns.rest) if self.remainder else ""
        )
        corner = Segment(screen.left(QUERIES, columns.label), screen.look("dim"))
        header = Segment.simplify([*names, Segment(rest)])
        return [plain(axis, screen.look("dim")), [corner, *header]]

    def cells(self, band: range, weights: FloatArray, hidden: BoolArray) -> Iterator[Segment]:
        """The cells of a row, coloured where there are colours.    [key], [key] -> segments"""
        scene = self.scene
        levels = scene.scale.levels(weights).tolist()
        row = zip(band, weights.tolist(), hidden.tolist(), levels, strict=True)
        for key, weight, unseen, level in row:
            text = scene.screen.right(scene.numeral(weight, unseen), self.columns.cell)
            yield from self.edged(key, text, None if unseen else scene.cell_look(level))

    def rest_of(self, row: tuple[int, int, int]) -> Line:
        """What stands beside the keys of a row, [layer, head, query]."""
        if self.remainder is None:
            return []
        value = format(self.remainder.values[row], self.scene.form)
        return plain(self.scene.screen.right(value, self.columns.rest))


def widest(texts: Iterable[str]) -> int:
    """The cells that the widest of some texts takes."""
    return max(map(cell_len, texts), default=0)
