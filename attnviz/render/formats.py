"""Output formats: name, file extensions, and the function that renders a map to bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import PurePath
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.record import Record
from attnviz.render.style import Style

FIGURE: Any = {"bytes_per_weight": 64, "fixed_bytes": 64_000_000}  # colored cells; the raster
# masked cells; labels and rows of text
ANIMATION: Any = FIGURE | {"fixed_bytes": 160_000_000}  # the frames of all layers
TABLES: Any = {"bytes_per_weight": 1, "bytes_per_token": 300, "fixed_bytes": 100_000}
TEXT: Any = {"fixed_bytes": 12_000_000}  # blocks of numbers as text


class Format(Record):
    """An output format.

    `renderer` names module and function below attnviz.render, imported when the format is used.
    The function maps (amap, style) to bytes or to an iterator of chunks of bytes; only that of
    "table" returns a rich renderable.
    """

    name: str
    renderer: str
    summary: str
    suffixes: tuple[str, ...] = ()
    is_text: bool = True  # can be printed on a terminal
    holds_many: bool = False  # one file holds any number of maps
    has_ids: bool = False  # one file holds the maps of several texts, in a table with ids
    is_visual: bool = False  # has captions and colors
    bytes_per_weight: int = 0  # beside the map, while it is written
    bytes_per_token: int = 2_000  # labels, rows of text, the token in the JSON document
    fixed_bytes: int = 8_000_000  # blocks, compressors, pages of text

    @property
    def kind(self) -> str:
        """The module of its renderer: formats of one kind have the same display options."""
        return self.renderer.partition(":")[0].rpartition(".")[2]

    def writer_bytes(self, n_map: int, n_query: int, n_key: int) -> int:
        """Estimated bytes of memory, beside the map, while `n_map` heads are written.

        The constants are measured peaks (tests/render/test_writer_memory.py).
        """
        of_tokens = self.bytes_per_token * (n_query + n_key)
        return self.fixed_bytes + of_tokens + self.bytes_per_weight * n_map * n_query * n_key

    def render(self, amap: AttentionMap, style: Style | None = None) -> Any:
        """The map in this format: bytes, or for "table" a rich renderable."""
        output = self.call_renderer(amap, style)
        return b"".join(output) if isinstance(output, Iterator) else output

    def chunks(self, amap: AttentionMap, style: Style | None = None) -> Iterable[bytes]:
        """The bytes of the map in this format, in chunks; large text is not held at once."""
        output = self.call_renderer(amap, style)
        return [output] if isinstance(output, bytes) else output

    def call_renderer(self, amap: AttentionMap, style: Style | None) -> Any:
        """What the function of this format returns."""
        module, function = self.renderer.split(":")
        render: Callable[[AttentionMap, Style], Any]
        render = getattr(import_module(f"attnviz.render.{module}"), function)
        style = style or Style()
        if style.show_metadata:
            return render(amap, style)
        from attnviz.render.anonymous import without_metadata

        return render(without_metadata(amap), replace(style, made_by={}))


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
        "animation, a frame per layer",
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
        is_visual=True,
        bytes_per_weight=1,  # the compressed layers that threads have finished
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
        "LaTeX, one table per head",
        (".tex",),
        holds_many=True,
        is_visual=True,
        **TABLES,
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
    Format(
        "csv",
        "data.csv_table:csv",
        "long-format CSV, one weight per row",
        (".csv",),
        has_ids=True,
        **TEXT,
    ),
    Format(
        "tsv",
        "data.csv_table:tsv",
        "long-format TSV, one weight per row",
        (".tsv",),
        has_ids=True,
        **TEXT,
    ),
    Format(
        "parquet",
        "data.parquet:parquet",
        "long-format table, typed columns",
        (".parquet",),
        is_text=False,
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
