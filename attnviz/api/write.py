"""write: attention maps to files, written completely or not at all."""

from __future__ import annotations

from io import TextIOBase
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Unpack

from attnviz.api.atomic_file import write_file
from attnviz.api.blas_threads import use_threads
from attnviz.api.complete_style import check_style, complete_style
from attnviz.api.option_effects import (
    refuse_without_effect,
    requested_view,
    warn_without_panels,
)
from attnviz.api.writer_memory import check_writer_memory
from attnviz.argument_types import abbreviate, require_given, require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.render.formats import find_format, format_for_path
from attnviz.render.output_format import Format
from attnviz.style_options import StyleOptions


@use_threads()
def write(
    amap: AttentionMap,
    target: str | PathLike[str] | BinaryIO,
    *,
    format: str | None = None,
    **style: Unpack[StyleOptions],
) -> None:
    """Write a map to a file or to a binary stream, as the command line writes it.

    Args:
        amap: the map.
        target: a path, whose extension selects the format, or an open binary stream.
        format: the name of the format, instead of the extension.
        style: display options: palette, title, precision, view…; see
            attnviz.style_options.StyleOptions.

    Raises:
        MisuseError: an unknown format or display option, or a format that needs more memory than
            there is.
        CouldNotError: the file cannot be written; an existing file is left as it was.

    >>> import io, attnviz
    >>> stream = io.BytesIO()
    >>> write(attnviz.look("The cat", variant="causal"), stream, format="csv", precision=1)
    >>> stream.getvalue().decode().splitlines()[:2]
    ['layer,head,query,key,query_token,key_token,weight', '0,0,0,0,The,The,1.0']
    """
    require_given("amap", amap, AttentionMap)
    require_type("format", format, str)
    path = Path(target) if isinstance(target, str | PathLike) else None
    if path is None:
        require_binary(target)
        if format is None:
            raise MisuseError("a stream has no extension; choose the format with format=")
    file_format: Format = find_format(format) if format else format_for_path(str(path))
    if file_format.name == "table":
        raise MisuseError("format 'table' is for the terminal; files take json, csv, png, html…")
    refuse_without_effect(style, file_format)
    is_visual = file_format.is_visual
    render_style = complete_style(amap, style) if is_visual else check_style(style)
    warn_without_panels(amap, render_style, file_format, requested_view(style))
    check_writer_memory(amap, file_format)
    data = file_format.chunks(amap, render_style)
    if path is None:
        for chunk in data:
            target.write(chunk)  # type: ignore[union-attr]
    else:
        write_file(path, data)


def require_binary(target: Any) -> None:
    """Raise UnknownParameterError for a target that is neither a path nor a binary stream."""
    if isinstance(target, TextIOBase):
        raise UnknownParameterError(
            f"target={abbreviate(target)} is a text stream; open it in binary mode, or use "
            "io.BytesIO"
        )
    if not hasattr(target, "write"):
        raise UnknownParameterError(
            f"target={abbreviate(target)} should be a path or a binary stream"
        )
