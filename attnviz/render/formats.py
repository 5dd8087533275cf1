"""The table of formats: a name, its file endings, and a pure function from a map to bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePath
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.lookup import find
from attnviz.record import Record
from attnviz.render.style import Style


class Format(Record):
    """One way to show or keep a map.

    `where` names module and function below attnviz.render, read when the format is used. The
    function takes (amap, style) and gives bytes; only "table" gives a rich renderable.
    """

    name: str
    where: str
    summary: str
    suffixes: tuple[str, ...] = ()
    text: bool = True  # may be written to a terminal
    lines: bool = False  # several maps may follow one another in one file
    drawn: bool = False  # for eyes: captions and colours matter

    def render(self, amap: AttentionMap, style: Style | None = None) -> Any:
        """The map in this format: bytes, or for "table" a rich renderable."""
        module, function = self.where.split(":")
        made: Callable[[AttentionMap, Style], Any]
        made = getattr(import_module(f"attnviz.render.{module}"), function)
        return made(amap, style or Style())


FORMATS = (
    Format(
        "table",
        "terminal:table",
        "numbers on coloured cells",
        lines=True,
        drawn=True,
    ),
    Format("png", "figure:png", "heatmaps, a picture", (".png",), text=False, drawn=True),
    Format("svg", "figure:svg", "heatmaps, vector drawing", (".svg",), drawn=True),
    Format("pdf", "figure:pdf", "heatmaps, for print", (".pdf",), text=False, drawn=True),
    Format("html", "page:html", "a page to explore, offline", (".html", ".htm"), drawn=True),
    Format("json", "data.json_document:json", "one document", (".json",), lines=True),
    Format(
        "jsonl",
        "data.json_document:json",
        "one document a line",
        (".jsonl", ".ndjson"),
        lines=True,
    ),
    Format("csv", "data.csv_table:csv", "one weight a line, commas", (".csv",)),
    Format("tsv", "data.csv_table:tsv", "one weight a line, tabs", (".tsv",)),
    Format(
        "parquet",
        "data.parquet:parquet",
        "one weight a row, for data tools",
        (".parquet",),
        text=False,
    ),
    Format("npz", "data.array_files:npz", "NumPy arrays", (".npz",), text=False),
    Format(
        "safetensors", "data.array_files:safetensors", "tensors", (".safetensors",), text=False
    ),
)


def find_format(name: str) -> Format:
    """The format of this name; UnknownNameError says which one was probably meant."""
    return find(FORMATS, name, "format")


def format_of(path: str) -> Format:
    """The format that a file's ending asks for."""
    ending = PurePath(path).suffix.lower()
    for row in FORMATS:
        if ending in row.suffixes:
            return row
    endings = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise MisuseError(
        f"no format for {path!r}: the ending {ending!r} is not one of {endings}. "
        "Say which you want with --format"
    )
