"""Output formats: the table of names, file extensions and renderers."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.render.output_format import Format

FIGURE: Any = {"bytes_per_weight": 64, "fixed_bytes": 64_000_000}  # colored cells; the raster
# masked cells; labels and rows of text
ANIMATION: Any = FIGURE | {"fixed_bytes": 160_000_000}  # the frames of all layers
TABLES: Any = {"bytes_per_weight": 1, "bytes_per_token": 300, "fixed_bytes": 100_000}
PAGE: Any = {"is_visual": True, "bytes_per_weight": 1}  # layers that threads have compressed
TEXT: Any = {"fixed_bytes": 12_000_000}  # blocks of numbers as text
ROWS: Any = {"has_ids": True, **TEXT}


FORMATS = (
    Format(
        "table",
        "terminal:table",
        "color-coded table",
        holds_many=True,
        is_visual=True,
        bytes_per_weight=4,
        fixed_bytes=2_000_000,
    ),
    Format(
        "png", "figure:png", "raster image", (".png",), is_text=False, is_visual=True, **FIGURE
    ),
    Format(
        "svg",
        "figure:svg",
        "vector image, its text can be edited (pixels beyond 10,000 cells)",
        (".svg",),
        is_visual=True,
        **FIGURE,
    ),
    Format(
        "pdf",
        "figure:pdf",
        "vector image for print (pixels beyond 10,000 cells)",
        (".pdf",),
        is_text=False,
        joiner="figure.pdf_texts:PdfTexts",
        is_visual=True,
        **FIGURE,
    ),
    Format(
        "eps",
        "figure:eps",
        "vector image for older LaTeX",
        (".eps",),
        is_visual=True,
        **FIGURE,
    ),
    Format(
        "jpg",
        "figure:jpg",
        "raster image for slides",
        (".jpg", ".jpeg"),
        is_text=False,
        is_visual=True,
        **FIGURE,
    ),
    Format(
        "webp",
        "figure:webp",
        "raster image for the web",
        (".webp",),
        is_text=False,
        is_visual=True,
        **FIGURE,
    ),
    Format(
        "gif",
        "figure:gif",
        "animation: layers, heads or generated tokens",
        (".gif",),
        is_text=False,
        is_visual=True,
        **ANIMATION,
    ),
    Format(
        "apng",
        "figure:apng",
        "animation in all colors",
        (".apng",),
        is_text=False,
        is_visual=True,
        **ANIMATION,
    ),
    Format(
        "html",
        "page:html",
        "interactive page (offline)",
        (".html", ".htm"),
        joiner="page.text_pages:TextPages",
        **PAGE,
    ),
    Format(
        "md",
        "data.text_table:markdown",
        "Markdown, one table per head",
        (".md",),
        holds_many=True,
        is_visual=True,
        **TABLES,
    ),
    Format(
        "tex",
        "data.text_table:latex",
        "LaTeX, one table per head (its heat map as a picture: tikz)",
        (".tex",),
        holds_many=True,
        is_visual=True,
        **TABLES,
    ),
    Format(
        "tikz",
        "figure.tikz:tikz",
        "TikZ picture of the heat maps, for LaTeX",
        (".tikz",),
        is_visual=True,
        **(TABLES | {"bytes_per_weight": 8}),
    ),
    Format(
        "json", "data.json_document:json", "JSON document", (".json",), holds_many=True, **TEXT
    ),
    Format(
        "jsonl",
        "data.json_document:json",
        "JSON Lines, one document per line",
        (".jsonl", ".ndjson"),
        holds_many=True,
        **TEXT,
    ),
    Format(
        "vega-lite",
        "data.vega_lite:vega_lite",
        "Vega-Lite specification with its data",
        (".vl.json",),
        is_visual=True,
        bytes_per_weight=1_500,
    ),
    Format("csv", "data.csv_table:csv", "long-format CSV, one weight per row", (".csv",), **ROWS),
    Format("tsv", "data.csv_table:tsv", "long-format TSV, one weight per row", (".tsv",), **ROWS),
    Format(
        "parquet",
        "data.parquet:parquet",
        "long-format table, typed columns",
        (".parquet",),
        is_text=False,
        joiner="data.parquet_texts:ParquetTexts",
        has_ids=True,
    ),
    Format("npz", "data.array_files:npz", "NumPy arrays", (".npz",), is_text=False),
    Format(
        "safetensors", "data.array_files:safetensors", "tensors", (".safetensors",), is_text=False
    ),
)


def find_format(name: str) -> Format:
    """The format of this name; UnknownNameError suggests similar names."""
    return find_by_name(FORMATS, name, "format")


def known_format(path: str) -> Format | None:
    """The format with the longest extension that the name of this file ends with."""
    name = PurePath(path).name.lower()
    found = [
        (len(suffix), row)
        for row in FORMATS
        for suffix in row.suffixes
        if name.endswith(suffix) and name != suffix
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def format_for_path(path: str) -> Format:
    """The format with the extension of this file.

    Raises MisuseError for an unsupported extension.
    """
    row = known_format(path)
    if row is not None:
        return row
    extension = PurePath(path).suffix.lower()
    supported = ", ".join(suffix for row in FORMATS for suffix in row.suffixes)
    raise MisuseError(
        f"unsupported extension {extension!r} of {path!r}; use one of {supported}, "
        "or name the format with --format"
    )
