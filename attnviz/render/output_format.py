"""An output format: the function that renders a map to bytes, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.anonymous import without_metadata
from attnviz.render.style import Style


class Joiner(Protocol):
    """Appends the maps of several texts to one file."""

    def add(self, amap: AttentionMap, style: Style) -> None:
        """Append a map; MisuseError, before anything of it is written, if it does not fit."""

    def finish(self) -> None:
        """Complete the file."""

    def close(self) -> None:
        """Release what is open."""


class Format(Record):
    """An output format.

    `renderer` names module and function below attnviz.render, imported when the format is used.
    The function maps (amap, style) to bytes or to an iterator of chunks of bytes; only that of
    "table" returns a rich renderable. `joiner` names a class, likewise, that appends the maps of
    several texts to one file; "": a file holds one, or texts follow each other.
    """

    name: str
    renderer: str
    summary: str
    suffixes: tuple[str, ...] = ()
    is_text: bool = True  # can be printed on a terminal
    holds_many: bool = False  # one file holds any number of maps
    joiner: str = ""
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

    def open_joiner(self, append: Callable[[bytes], None], folder: Path) -> Joiner:
        """What joins the maps of several texts by `append`; temporary files go to `folder`."""
        module, name = self.joiner.split(":")
        joiner: Callable[[Callable[[bytes], None], Path], Joiner]
        joiner = getattr(import_module(f"attnviz.render.{module}"), name)
        return joiner(append, folder)

    def call_renderer(self, amap: AttentionMap, style: Style | None) -> Any:
        """What the function of this format returns."""
        module, function = self.renderer.split(":")
        render: Callable[[AttentionMap, Style], Any]
        render = getattr(import_module(f"attnviz.render.{module}"), function)
        style = style or Style()
        if style.show_metadata:
            return render(amap, style)
        return render(without_metadata(amap), replace(style, made_by={}))
