"""Head reports: statistics of heads with titles, for the command `heads` and its formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.api.head_stats import HeadStats, corpus_rows, head_stats
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.rounded_text import format_rounded
from attnviz.errors import MisuseError
from attnviz.measures.agreement import agreement
from attnviz.measures.corpus import CorpusStatistics
from attnviz.measures.distance import offsets
from attnviz.measures.measure import Measure
from attnviz.measures.profile import PROFILE_BINS
from attnviz.measures.table import MEASURES, find_measure
from attnviz.record import Record
from attnviz.render.head_report import HeadReport, MeasureColumn
from attnviz.render.link_text import format_link
from attnviz.render.provenance import untrained_note
from attnviz.render.style import SEPARATOR

ROUNDING = 1e-5  # of sums of weights in single precision
CLUSTERS_OF_ONE = "--clusters needs a single map; leave it out for a corpus"


class ReportOptions(Record):
    """The order of the heads, how many of them (None: all), the measures (None: all), clusters."""

    sort: str = "layer"
    top: int | None = None
    names: Sequence[str] | None = None
    cluster_limit: float | None = None

    @property
    def measures(self) -> list[Measure] | None:
        """The requested measures; UnknownNameError for a name that there is not."""
        return None if self.names is None else [find_measure(name) for name in self.names]


def map_report(amap: AttentionMap, options: ReportOptions) -> HeadReport:
    """The report of one map.

    Raises MisuseError for a requested measure that is not defined for it.
    """
    rows = head_stats(amap, options.sort)
    if options.cluster_limit is not None:
        add_clusters(amap, rows, options.cluster_limit)
    links = {
        (row["layer"], row["head"]): f"{format_link(amap, link['query'], link['key'])} "
        f"{format_rounded(link['weight'], 2)}"
        for row in rows
        if (link := row["strongest"]) is not None
    }
    notes = (str(amap.meta.get("reduced") or ""), untrained_note(amap))
    return HeadReport(
        title=amap.title,
        rows=rows[: options.top],
        columns=choose_columns(rows, options),
        default_columns=options.names is None,
        subtitle=SEPARATOR.join(filter(None, notes)),
        text=amap.text,
        context=amap.context,
        bins=[] if offsets(amap) is None else [name for name, _, _ in PROFILE_BINS],
        links=links,
        meta=amap.meta,
    )


def corpus_report(
    statistics: CorpusStatistics, title: str, meta: MapMetadata, options: ReportOptions
) -> HeadReport:
    """The report of a corpus; `title` and `meta` are those of its first map.

    Raises MisuseError for a requested measure that is not defined for any of its maps.
    """
    if options.cluster_limit is not None:
        raise MisuseError(CLUSTERS_OF_ONE)
    rows = corpus_rows(statistics, options.sort)
    return HeadReport(
        title=title,
        rows=rows[: options.top],
        columns=choose_columns(rows, options),
        default_columns=options.names is None,
        n_map=statistics.n_map,
        bins=[] if statistics.profile is None else [name for name, _, _ in PROFILE_BINS],
        meta=meta,
    )


def choose_columns(rows: Sequence[HeadStats], options: ReportOptions) -> list[MeasureColumn]:
    """The requested measures, or all that are defined."""
    defined = {name for row in rows for name in row["measures"]}
    requested = options.measures
    for measure in requested or ():
        if measure.name not in defined:
            raise MisuseError(
                f"--measure {measure.name!r} is not defined for this map: {measure.summary}"
            )
    measures = [
        with_range_of(row, [head["measures"].get(row.name) for head in rows])
        for row in (MEASURES if requested is None else requested)
        if row.name in defined
    ]
    return [MeasureColumn(row.name, row.low, row.high, row.unit, row.legend) for row in measures]


def with_range_of(measure: Measure, values: Sequence[float | None]) -> Measure:
    """The measure with a range that holds its values.

    Ranges are those of weights whose rows sum to at most 1; norms, gates and signed weights can
    have sums beyond them.
    """
    known = [value for value in values if value is not None]
    if min(known, default=measure.low) < measure.low - ROUNDING:
        measure = replace(measure, low=min(-1.0, float(np.floor(min(known)))))
    if max(known, default=measure.high) > measure.high + ROUNDING:
        measure = replace(measure, high=np.inf)
    return measure


def add_clusters(amap: AttentionMap, rows: Sequence[HeadStats], at_most: float) -> None:
    """Add the number of its cluster to each head."""
    places = np.ndindex(amap.n_layer, amap.n_head)
    number = {
        (amap.layers[i], amap.heads[j]): cluster
        for (i, j), cluster in zip(places, agreement(amap, at_most).clusters, strict=True)
    }
    for row in rows:
        row["cluster"] = number[row["layer"], row["head"]]
