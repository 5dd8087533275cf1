"""Head report: the measures of all heads of a map, or of a corpus, ready to be rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.record import Record

Row = Mapping[str, Any]  # of api.head_stats


class MeasureColumn(Record):
    """A measure in a report: its name, range and unit; an infinite `high` depends on the text.

    `legend` is what it says, with formula, range and source. `digits` are its decimal places in
    tables; None: by its range.
    """

    name: str
    low: float
    high: float
    unit: str
    legend: str = ""
    digits: int | None = None


class ReportTable(Record):
    """A further table of a report, below that of the heads in the terminal.

    The columns named in `numbers` are right-aligned.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str] = ()


class HeadReport(Record, kw_only=True, eq=False):
    """One row per head, in the order of the table, and the measures that are its columns.

    `default_columns`: no measures were requested, so that tables for people show a summary.
    `n_map` is the number of maps of a corpus, None for one map. `bins` name the entries of the
    profiles; `links` have the strongest link of a head as text, by its original layer and head.
    `facts` are further entries of the JSON document; `table` is a further one, of text; `amap`
    is the map of the heads, of reports that have a page.
    """

    title: str
    rows: Sequence[Row]
    columns: Sequence[MeasureColumn]
    default_columns: bool = True
    n_map: int | None = None
    subtitle: str = ""
    text: str | None = None
    context: str | None = None
    bins: Sequence[str] = ()
    links: Mapping[tuple[int, int], str] = field(default_factory=dict)
    meta: MapMetadata = field(default_factory=MapMetadata)
    facts: Mapping[str, Any] = field(default_factory=dict)
    table: ReportTable | None = None
    amap: AttentionMap | None = None

    @property
    def layers(self) -> list[int]:
        """The layers of its rows, in order."""
        return sorted({row["layer"] for row in self.rows})

    @property
    def heads(self) -> list[int]:
        """The heads of its rows, in order."""
        return sorted({row["head"] for row in self.rows})

    def values(self, name: str) -> FloatArray:
        """A measure by layer and head; NaN where it has no value.    -> [layer, head]"""
        grid = np.full((len(self.layers), len(self.heads)), np.nan)
        for row in self.rows:
            value = row["measures"].get(name)
            if value is not None:
                grid[self.layers.index(row["layer"]), self.heads.index(row["head"])] = value
        return grid


def report_cells(report: HeadReport) -> Iterator[tuple[str, list[Any]]]:
    """The columns of the report as a flat table: each name with its values, row by row."""
    rows = report.rows
    for name in ("layer", "head", "name"):
        yield name, [row[name] for row in rows]
    for name in ("pattern", "score", "pattern_without_sink", "score_without_sink", "cluster"):
        if rows and name in rows[0]:
            yield name, [row[name] for row in rows]
    for column in report.columns:
        yield column.name, [row["measures"].get(column.name) for row in rows]
        if report.n_map is not None:
            yield f"{column.name} (spread)", [row["spread"].get(column.name) for row in rows]
            yield f"{column.name} (count)", [row["count"].get(column.name, 0) for row in rows]
