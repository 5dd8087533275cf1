"""A page of several texts: one file, with a choice of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.anonymous import without_metadata
from attnviz.render.page import page_chunks
from attnviz.render.page.data_island import check_size, page_data
from attnviz.render.page.json_stream import RawJson, json_chunks
from attnviz.render.page.map_facts import pluralize
from attnviz.render.page.split_comparison import split_maps
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text, truncate
from attnviz.render.style import SEPARATOR, Style

COPY_SIZE = 1 << 20  # bytes
NAME_LENGTH = 60  # characters of a text in the choice


class TextPages:
    """Collects the data of maps in a temporary file, and writes the page around them.

    Memory holds one map at a time, and one for each kind: signed or not, and of what origin.
    """

    def __init__(self, append: Callable[[bytes | Iterator[bytes]], None], folder: Path) -> None:
        self.append = append
        self.spool: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `close`)
        self.examples: dict[tuple[bool, str | None], tuple[AttentionMap, Style]] = {}
        self.n_map, self.n_weight, self.largest = 0, 0, 0.0

    def add(self, amap: AttentionMap, style: Style) -> None:
        """Add a map as a choice.

        Raises MisuseError for a comparison, and for more weights than a page can hold.
        """
        if len(split_maps(amap)) > 1:
            raise MisuseError(
                "a page holds one comparison; write one file per comparison: -o 'page-{n}.html'"
            )
        if not style.show_metadata:
            amap, style = without_metadata(amap), replace(style, made_by={}, row_id=None)
        check_size([amap], self.n_weight)
        page = page_data([amap], style)
        data = {**next(page["maps"]), "name": self.name_text(amap, style)}
        for chunk in chain([b"," if self.n_map else b""], json_chunks(data)):
            self.spool.write(chunk)
        self.examples.setdefault((amap.signed, untrained_note(amap)), (amap, style))
        self.n_map += 1
        self.n_weight += amap.weights.size
        self.largest = max(self.largest, page["largest"])

    def name_text(self, amap: AttentionMap, style: Style) -> str:
        """What the choice calls a text: its id or number, and its beginning."""
        id = str(self.n_map + 1) if style.row_id is None else style.row_id
        text = amap.text or " ".join(token.label for token in amap.queries)
        parts = filter(None, (escape_text(id), truncate(escape_text(text), NAME_LENGTH)))
        return SEPARATOR.join(parts)

    def finish(self) -> None:
        """Write the page: its head, the data of all maps, its end."""
        maps, styles = zip(*self.examples.values(), strict=True)
        title = styles[0].title or styles[0].source_name or pluralize(self.n_map, "text")
        style = replace(styles[0], title=title)
        data = page_data(maps, style, styles)
        if style.view == "auto":
            data["start"]["view"] = "auto"
        data |= {"largest": self.largest, "choice": "text", "maps": RawJson(self.spooled_maps())}
        self.append(page_chunks(data, maps, style))

    def spooled_maps(self) -> Iterator[bytes]:
        """The data of all maps as a list, in chunks."""
        self.spool.seek(0)
        yield b"["
        while chunk := self.spool.read(COPY_SIZE):
            yield chunk
        yield b"]"

    def close(self) -> None:
        """Remove the temporary file."""
        with suppress(OSError):  # a full disk does not take the buffer
            self.spool.close()
