"""write: attention maps to files, written completely or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from attnviz.api.atomic_file import write_file
from attnviz.api.blas_threads import use_threads
from attnviz.api.writer_memory import check_writer_memory
from attnviz.argument_types import require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.formats import Format, find_format, format_for_path
from attnviz.render.style import Style


@use_threads()
def write(
    amap: AttentionMap, target: str | Path | BinaryIO, *, format: str | None = None, **style: Any
) -> None:
    """Write a map to a file or to a binary stream.

    Args:
        amap: the map.
        target: a path, whose extension selects the format, or an open binary stream.
        format: the name of the format, instead of the extension.
        style: style options: palette, title, precision…; see attnviz.render.style.Style.

    Raises:
        MisuseError: an unknown format or style option, or a format that needs more memory than
            there is.
        CouldNotError: the file cannot be written; an existing file is left as it was.
    """
    require_type("amap", amap, AttentionMap)
    path = target if isinstance(target, str | Path) else None
    if format is None and path is None:
        raise MisuseError("a stream has no extension; choose the format with format=")
    file_format: Format = find_format(format) if format else format_for_path(str(path))
    if file_format.name == "table":
        raise MisuseError("format 'table' is for the terminal; files take json, csv, png, html…")
    try:
        render_style = Style(**style)
    except TypeError as error:
        raise MisuseError(f"style: {error}") from None
    check_writer_memory(amap, file_format)
    data = file_format.chunks(amap, render_style)
    if path is None:
        for chunk in data:
            target.write(chunk)  # type: ignore[union-attr]
    else:
        write_file(path, data)
