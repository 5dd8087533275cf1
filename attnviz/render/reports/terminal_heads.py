"""Head reports in the terminal: one line per head, and each measure by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from attnviz.record import Record
from attnviz.render.head_report import HeadReport, MeasureColumn, ReportTable
from attnviz.render.reports.terminal_listing import Listing
from attnviz.render.safe_text import to_ascii
from attnviz.render.sparkline import sparkline
from attnviz.render.style import SEPARATOR

PROFILE = "profile"
COLUMNS = ("head", "pattern", "score", "entropy", "distance", PROFILE, "strongest link")
CORPUS_COLUMNS = ("head", "pattern", "score", "entropy", "distance", PROFILE)
SINK = ("without sink",)  # a further column where a pattern is a sink
SINK_PATTERNS = ("first token", "special tokens")
# Measures by layer where none were requested.
SUMMARY = ("entropy", "distance", "top-1 share", "sink")
PROFILE_WIDTH = 66  # cells: on narrower screens, a table without requested measures has no profile
NUMBERS = ("head", "score", "entropy", "distance", "cluster")
OMITTED_FIRST = (PROFILE, "distance", "entropy", "strongest link")  # on narrow screens
NOTE = "head: layer.head · score of the best pattern, 0 to 1"
ENTROPY_NOTE, DISTANCE_NOTE = (
    " · mean entropy in bits / its maximum",
    " · mean distance in tokens",
)
PROFILE_NOTE = " · profile: weight off the sinks by relative position, "
LINK_NOTE = " · strongest link excludes special tokens, padding and rows with a single key"
SINK_NOTE = (
    " · without sink: best pattern of the weight on keys other than the first token and special "
    "tokens"
)


class HeadsTable(Record, eq=False):
    """The table of a head report, and the measures by layer below it."""

    report: HeadReport
    ascii: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        report = self.report
        listing, omitted = self.listing(options.max_width)
        yield listing
        if report.table is not None:
            yield Text()
            yield from self.further_table(report.table)
        lines = list(self.lines_by_layer())
        if lines:
            first, last = report.layers[0], report.layers[-1]
            yield Text(f"\nmean over heads, layers {first} to {last}", style="bold")
            yield from map(Text, lines)
        if report.default_columns:
            yield Text("\n" + self.note(omitted), style="dim")
            return
        yield Text()
        for column in report.columns:
            yield Text(self.encodable(f"{column.name}: {column.legend}"), style="dim")

    def listing(self, width: int) -> tuple[Listing, list[str]]:
        """The table, and the titles of columns that are omitted so that words stay whole."""
        report = self.report
        titles = self.titles()
        rows = [list(map(self.encodable, self.cells(row))) for row in report.rows]
        subtitle = SEPARATOR.join(filter(None, (report.subtitle, self.corpus_note())))
        omitted = [PROFILE] if PROFILE in titles and width < PROFILE_WIDTH else []
        while True:
            shown = [i for i, title in enumerate(titles) if title not in omitted]
            listing = Listing(
                report.title,
                [titles[i] for i in shown],
                [[cells[i] for i in shown] for cells in rows],
                [*NUMBERS, *(column.name for column in report.columns)],
                subtitle=self.encodable(subtitle),
            )
            rest = [title for title in OMITTED_FIRST if title in titles and title not in omitted]
            if not rest or not report.default_columns or listing.fits(width):
                return listing, omitted
            omitted.append(rest[0])

    def further_table(self, table: ReportTable) -> Iterator[Listing]:
        """The further table of the report."""
        rows = [list(map(self.encodable, row)) for row in table.rows]
        yield Listing(self.encodable(table.title), list(table.columns), rows, table.numbers)

    @property
    def has_sink(self) -> bool:
        """Whether the pattern of a head is a sink, beneath which there may be another one."""
        return any(
            (row["pattern"] in SINK_PATTERNS or row["score"] is None)
            and row["pattern_without_sink"] is not None
            for row in self.report.rows
        )

    def titles(self) -> list[str]:
        """The titles of the columns."""
        report = self.report
        cluster = ["cluster"] if report.rows and "cluster" in report.rows[0] else []
        if not report.default_columns:
            return ["head", *cluster, *(column.name for column in report.columns)]
        titles = list(COLUMNS if report.n_map is None else CORPUS_COLUMNS)
        return [*titles[:3], *(SINK if self.has_sink else ()), *cluster, *titles[3:]]

    def cells(self, row: Mapping[str, Any]) -> list[str]:
        """The cells of one head; a dash where a number is undefined."""
        report = self.report
        cells = [head_number(report, row)]
        cluster = [str(row["cluster"])] if "cluster" in row else []
        if not report.default_columns:
            return [*cells, *cluster, *(self.measured(row, column) for column in report.columns)]
        score = "–" if row["score"] is None else f"{row['score']:.2f}"
        cells += [row["pattern"] or "–", score]
        if self.has_sink:
            below = row["pattern_without_sink"]
            cells.append(f"{below} {row['score_without_sink']:.2f}" if below else "–")
        cells += [*cluster, *self.summary(row), self.profile(row["profile"])]
        if report.n_map is not None:
            return cells
        return [*cells, report.links.get((row["layer"], row["head"]), "–")]

    def summary(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """Entropy and distance: of one map with the highest entropy, of a corpus with spread."""
        if self.report.n_map is not None:
            entropy, distance = (
                with_spread(row["measures"].get(name), row["spread"].get(name), 1)
                for name in ("entropy", "distance")
            )
            return entropy, distance
        bits, far = row["entropy"], row["distance"]
        return (
            "–" if bits is None else f"{bits:.1f}/{row['most_entropy']:.1f}",
            "–" if far is None else f"{far:.1f}",
        )

    def measured(self, row: Mapping[str, Any], column: MeasureColumn) -> str:
        """A measure of a head with a bar, or over a corpus with its spread."""
        value, digits = row["measures"].get(column.name), column.digits
        if digits is None:
            digits = 2 if column.high == 1.0 else 1
        if self.report.n_map is not None:
            return with_spread(value, row["spread"].get(column.name), digits)
        if value is None:
            return "–"
        low, high = limits(column, self.report.values(column.name))
        return f"{value:.{digits}f} {sparkline([value], low, high, ascii=self.ascii)}"

    def profile(self, shares: list[float] | None) -> str:
        """The profile of a head as a sparkline."""
        return "–" if shares is None else sparkline(shares, 0.0, 1.0, ascii=self.ascii)

    def lines_by_layer(self) -> Iterator[str]:
        """Each measure as a sparkline over layers, with the lowest and the highest mean."""
        report = self.report
        if len(report.rows) < len(report.layers) * len(report.heads):  # of --top
            return
        columns = [c for c in report.columns if not report.default_columns or c.name in SUMMARY]
        edge = max((len(column.name) for column in columns), default=0)
        for column in columns if len(report.layers) > 1 else ():
            values = report.values(column.name)
            n = np.count_nonzero(~np.isnan(values), axis=1)
            total = np.nansum(values, axis=1)
            means = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
            if not n.any():
                continue
            low, high = float(np.nanmin(means)), float(np.nanmax(means))
            bars = sparkline(means, *limits(column, values), ascii=self.ascii)
            unit = f" {column.unit}" if column.unit else ""
            yield f"{column.name:<{edge}}  {bars}  {low:.2f} to {high:.2f}{unit}"

    def corpus_note(self) -> str:
        """What the numbers of a corpus are."""
        n = self.report.n_map
        if n is None:
            return ""
        counts = chain.from_iterable(row["count"].values() for row in self.report.rows)
        fewer = ", or over those where it is defined" if min(counts, default=n) < n else ""
        return f"mean ± standard deviation over {n} map{'' if n == 1 else 's'}{fewer}"

    def note(self, omitted: Sequence[str]) -> str:
        """The legend of the table without some of its columns."""
        bins = ", ".join(self.report.bins) or "none between two texts"
        notes = {
            "entropy": ENTROPY_NOTE,
            "distance": DISTANCE_NOTE,
            PROFILE: f"{PROFILE_NOTE}{bins}",
            "without sink": SINK_NOTE if self.has_sink else "",
            "strongest link": LINK_NOTE if self.report.n_map is None else "",
        }
        text = NOTE + "".join(note for title, note in notes.items() if title not in omitted)
        if omitted:
            text += f" · on a wider screen: {', '.join(omitted)}"
        return self.encodable(text)

    def encodable(self, text: str) -> str:
        """The text, in ASCII where the terminal has no other characters."""
        return to_ascii(text.replace("±", "+/-")) if self.ascii else text


def limits(column: MeasureColumn, values: Any) -> tuple[float, float]:
    """The range of a measure, or where it depends on the text, from its low end to the largest.

    Shapes: values [layer, head]
    """
    high = column.high
    if not np.isfinite(high):
        high = float(np.nanmax(values)) if np.isfinite(values).any() else column.low + 1.0
    return column.low, high


def with_spread(value: float | None, spread: float | None, digits: int) -> str:
    """A mean and its standard deviation."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}" + ("" if spread is None else f" ± {spread:.{digits}f}")


def head_number(report: HeadReport, row: Mapping[str, Any]) -> str:
    """The head as LAYER.HEAD; of a reduced one the first word of its label, "mean"."""
    return ".".join(
        str(row[axis]) if label is None else label.partition(" ")[0]
        for axis, label in (
            ("layer", report.meta.get("reduced_layers")),
            ("head", report.meta.get("reduced_heads")),
        )
    )
