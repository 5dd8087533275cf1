"""A PDF of several texts: a page per map, with the id of its text in the title."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from attnviz.core.attention_map import AttentionMap
from attnviz.render.anonymous import without_metadata
from attnviz.render.figure import draw_figure, file_facts
from attnviz.render.figure.drawable import figure_title
from attnviz.render.figure.image_files import join_facts, settings_of
from attnviz.render.figure.pdf_pages import PdfPages
from attnviz.render.figure.settings import matplotlib_settings
from attnviz.render.safe_text import escape_text
from attnviz.render.style import SEPARATOR, Style


class PdfTexts:
    """Appends a page per map; memory holds one figure at a time."""

    def __init__(self, append: Callable[[bytes], None], folder: Path) -> None:
        del folder
        self.append = append
        self.pages: PdfPages | None = None

    def add(self, amap: AttentionMap, style: Style) -> None:
        """Draw a map on a page of its own.

        Raises MisuseError, before anything of the page is written, for one that is too large.
        """
        if not style.show_metadata:
            amap, style = without_metadata(amap), replace(style, made_by={}, row_id=None)
        titled = replace(style, title=page_title(amap, style))
        figure = draw_figure(amap, titled)
        with settings_of(figure, style):
            if self.pages is None:
                self.pages = PdfPages(self.append, metadata_of_file(amap, style))
            self.pages.add(figure, style.zoom)

    def finish(self) -> None:
        """Complete the file."""
        if self.pages is not None:
            with matplotlib_settings():
                self.pages.finish()

    def close(self) -> None:
        """Release what is open."""
        if self.pages is not None:
            self.pages.close()


def page_title(amap: AttentionMap, style: Style) -> str:
    """The id of the text, or the number of its line, and the title of the picture."""
    title = figure_title(amap, style)
    return title if style.row_id is None else f"{escape_text(style.row_id)}{SEPARATOR}{title}"


def metadata_of_file(amap: AttentionMap, style: Style) -> dict[str, str | None]:
    """The title of the file, and how it was made, from its first map."""
    title, made_by = file_facts(amap, style)
    return {"Title": title, "CreationDate": None, "Subject": join_facts(made_by)}
