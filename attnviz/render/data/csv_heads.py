"""Head reports as CSV and TSV: one row per head, one column per measure."""

from __future__ import annotations

import csv as standard
from io import StringIO
from typing import Any

from attnviz.core.file_format import to_cell
from attnviz.render.head_report import HeadReport, report_cells


def csv_heads(report: HeadReport) -> bytes:
    """Comma-separated values (RFC 4180), LF line ends, UTF-8; empty cells have no value."""
    return table(report, ",")


def tsv_heads(report: HeadReport) -> bytes:
    """Tab-separated values, LF line ends, UTF-8."""
    return table(report, "\t")


def table(report: HeadReport, separator: str) -> bytes:
    """A header with the names of the measures, then the heads in the order of the report."""
    columns = dict(report_cells(report))
    text = StringIO()
    writer = standard.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(map(format_cell, row))
    return text.getvalue().encode()


def format_cell(value: Any) -> str:
    """A value as text: numbers with nine significant digits, "" for none."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    return to_cell(value) if isinstance(value, str) else str(value)
