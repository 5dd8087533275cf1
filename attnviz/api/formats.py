"""formats and schema: what maps are written in and read from."""

from __future__ import annotations

import json
from typing import Any, Literal, TypedDict


class FormatFacts(TypedDict):
    """A format: its name, the extensions of its files, and what it is."""

    name: str
    suffixes: list[str]
    summary: str


def formats() -> dict[Literal["writes", "reads"], list[FormatFacts]]:
    """List the formats of files.

    Returns:
        Under "writes" those of `attnviz.write`, under "reads" those of `attnviz.read`.

    >>> [row["name"] for row in formats()["writes"] if ".svg" in row["suffixes"]]
    ['svg']
    """
    from attnviz.render.formats import FORMATS
    from attnviz.sources.external.readers import READERS

    return {
        "writes": list(map(describe_format, FORMATS)),
        "reads": [*map(describe_format, READERS)],
    }


def describe_format(row: Any) -> FormatFacts:
    """Name, extensions and summary of a format."""
    return {"name": row.name, "suffixes": list(row.suffixes), "summary": row.summary}


def schema() -> dict[str, Any]:
    """The JSON Schema of JSON documents, which `AttentionMap.to_dict` returns.

    >>> schema()["type"]
    'object'
    """
    from attnviz.render.data.json_document import read_schema

    document: dict[str, Any] = json.loads(read_schema())
    return document
