"""Parquet: the long table in typed columns, ours with a document beside it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external.array_files import own
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.csv_table import AXES, placed
from attnviz.sources.external.safe_read import brief
from attnviz.sources.external.selection import Wish

MOST = 1 << 27  # rows
TOKENS = ("query_token", "key_token")


def parquet(data: bytes, wish: Wish) -> Found:
    """Columns of the long table.

    Raises InvalidInputError for a broken file or one without these columns, CouldNotError when
    pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise CouldNotError(
            "parquet files need the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    try:
        file = ParquetFile(BytesIO(data))
        if file.metadata.num_rows > MOST:
            raise InvalidInputError(f"the table has more than {MOST:,} rows")
        there = file.schema_arrow.names
        read = file.read([n for n in (*AXES, *TOKENS, "weight", "hidden") if n in there])
        found = {name: read[name].to_numpy() for name in read.column_names}
    except (ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(f"broken parquet: {brief(error)}") from None
    document = (file.schema_arrow.metadata or {}).get(b"document")
    return laid_out(found, document)


def laid_out(columns: dict[str, Any], document: bytes | None) -> Found:
    """The columns as axes, with the words of the document where there is one."""
    for name in (*AXES, "weight"):
        if name not in columns:
            raise InvalidInputError(f"the table has no column {name!r}")
        kinds = "iu" if name in AXES else "iuf"
        if columns[name].dtype.kind not in kinds:
            raise InvalidInputError(f"the column {name!r} does not hold numbers, or not all")
    labels = {
        side: dict(zip(columns[side].tolist(), map(str, columns[f"{side}_token"]), strict=True))
        for side in ("query", "key")
        if f"{side}_token" in columns
    }
    found = placed(columns, labels)
    if document is None:
        return found
    arrays: dict[str, Any] = {"weights": found.weights}
    if "hidden" in columns:
        hidden = placed(columns | {"weight": columns["hidden"]}, {}).weights != 0
        if hidden.any():
            arrays["visible"] = np.logical_not(hidden)
    return own(document, arrays)
