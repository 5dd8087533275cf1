"""Head statistics as JSON."""

from __future__ import annotations

import json
from typing import Any

from attnviz.render.data.json_document import to_json_value
from attnviz.render.head_report import HeadReport


def heads_document(report: HeadReport) -> bytes:
    """The statistics of all heads, with text and meta, as one JSON document on one line."""
    document: dict[str, Any] = {"text": report.text, "context": report.context}
    if report.n_map is not None:
        document = {"maps": report.n_map}
    if report.bins:
        document["profile_bins"] = list(report.bins)
    document.update(to_json_value(report.facts))
    document["measures"] = {column.name: column.legend for column in report.columns}
    document["heads"] = [requested(report, row) for row in report.rows]
    document["meta"] = to_json_value(report.meta)
    return (json.dumps(document, allow_nan=False) + "\n").encode()


def requested(report: HeadReport, row: Any) -> dict[str, Any]:
    """A row with the measures of the columns only, in their order."""
    names = [column.name for column in report.columns]
    return {
        key: {name: value[name] for name in names if name in value}
        if key in ("measures", "spread", "count")
        else value
        for key, value in row.items()
    }
