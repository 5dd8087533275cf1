"""Head reports as Parquet: one row per head, one typed column per measure."""

from __future__ import annotations

from io import BytesIO

from attnviz.errors import CouldNotError
from attnviz.render.data.json_document import to_json_line, to_json_value
from attnviz.render.data.parquet_rows import utf8_texts
from attnviz.render.head_report import HeadReport, report_cells

TEXTS = ("name", "pattern", "pattern_without_sink")


def parquet_heads(report: HeadReport) -> bytes:
    """The table as Parquet (zstd); its metadata holds text and meta as JSON.

    Raises CouldNotError if pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise CouldNotError(
            "the format 'parquet' needs the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    from pyarrow import array, float64, int64, string, table

    columns = {}
    for name, values in report_cells(report):
        if name in TEXTS:
            columns[name] = array(
                [None if value is None else utf8_texts([value])[0] for value in values], string()
            )
        else:
            is_count = name in ("layer", "head", "cluster") or name.endswith("(count)")
            columns[name] = array(values, int64() if is_count else float64())
    facts = {"text": report.text, "context": report.context, "meta": to_json_value(report.meta)}
    metadata = {"document": to_json_line(facts).decode()}
    sink = BytesIO()
    pyarrow.parquet.write_table(table(columns, metadata=metadata), sink, compression="zstd")
    return sink.getvalue()
