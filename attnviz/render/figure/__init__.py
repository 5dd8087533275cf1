"""Figures drawn with matplotlib: PNG, SVG and PDF. Equal maps and styles give equal bytes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from math import ceil
from threading import RLock
from typing import TYPE_CHECKING, Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.render.figure import more_formats
from attnviz.render.figure.drawable import Drawable, figure_title
from attnviz.render.figure.finish import finish_figure
from attnviz.render.figure.fonts import find_family, measured_in
from attnviz.render.figure.page_size import MAX_PIXELS
from attnviz.render.figure.presentation import choose_plan
from attnviz.render.figure.views import choose_view, planner_of
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text
from attnviz.render.style import Style
from attnviz.render.views import require_scaled_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RC_PARAMS = {
    "text.parse_math": False,  # tokens may contain $ signs
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "svg.fonttype": "none",  # text remains text: searchable and editable
    "svg.hashsalt": "attnviz",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "hatch.linewidth": 0.5,
}
VECTOR_FORMATS = ("svg", "pdf", "eps")
SETTINGS_LOCK = RLock()


def png(amap: AttentionMap, style: Style) -> bytes:
    """The map as a PNG image."""
    title, made_by = file_metadata(amap, style)
    return save_figure(draw_figure(amap, style), "png", {"Title": title, **made_by}, style)


def svg(amap: AttentionMap, style: Style) -> bytes:
    """The map as an SVG image; the viewer's fonts draw its text."""
    title, made_by = file_metadata(amap, style)
    metadata = {"Title": title, "Date": None, "Description": join_metadata(made_by)}
    return save_figure(draw_figure(amap, style, viewer_fonts=True), "svg", metadata, style)


def pdf(amap: AttentionMap, style: Style) -> bytes:
    """The map as a PDF, with its fonts embedded."""
    title, made_by = file_metadata(amap, style)
    metadata = {"Title": title, "CreationDate": None, "Subject": join_metadata(made_by)}
    return save_figure(draw_figure(amap, style), "pdf", metadata, style)


def jpg(amap: AttentionMap, style: Style) -> bytes:
    """The map as a JPEG image, which has no transparency."""
    more_formats.require_alpha("jpg", style)
    return save_image(amap, style, "jpg")


def webp(amap: AttentionMap, style: Style) -> bytes:
    """The map as a WebP image, without loss."""
    return save_image(amap, style, "webp")


def save_image(amap: AttentionMap, style: Style, format: str) -> bytes:
    """The map as an image with its metadata as EXIF."""
    title, made_by = file_metadata(amap, style)
    options = more_formats.image_options(format, title, made_by)
    return save_figure(draw_figure(amap, style), format, None, style, pil_kwargs=options)


def eps(amap: AttentionMap, style: Style) -> bytes:
    """The map as Encapsulated PostScript, which has no transparency."""
    more_formats.require_alpha("eps", style)
    title, made_by = file_metadata(amap, style)
    creator = f"{title}; {join_metadata(made_by)}".encode("ascii", "backslashreplace")
    metadata = {"Creator": creator.decode()}
    return more_formats.without_date(save_figure(draw_figure(amap, style), "eps", metadata, style))


def gif(amap: AttentionMap, style: Style) -> bytes:
    """An animation: a frame for each layer."""
    return animate_layers(amap, style, "gif")


def apng(amap: AttentionMap, style: Style) -> bytes:
    """An animation in all colors: a frame for each layer."""
    return animate_layers(amap, style, "apng")


def animate_layers(amap: AttentionMap, style: Style, format: str) -> bytes:
    """An animation in a format."""
    images = (
        save_figure(draw_figure(layer, same), "png", {}, same)
        for layer, same in more_formats.split_layers(amap, style)
    )
    return more_formats.animate(images, format, file_metadata(amap, style)[0])


def draw_figure(amap: AttentionMap, style: Style, *, viewer_fonts: bool = False) -> Figure:
    """The matplotlib figure of a map; with `viewer_fonts` no character is missing.

    Raises MisuseError for a figure that would be too large or too small, UnknownNameError for
    a view or a palette that does not exist. Warns about missing characters and omitted values.
    """
    view = choose_view(amap, style)
    require_scaled_view(view.name, style)
    if style.font is not None:
        style = replace(style, font=find_family(style.font))
    drawable = Drawable.of(amap, style, view=view, viewer_fonts=viewer_fonts)
    if drawable.fonts.missing:
        warnings.warn(drawable.fonts.warning, AttnvizWarning, stacklevel=3)
    families = [*drawable.fonts.families, *(["sans-serif"] if viewer_fonts else [])]
    with matplotlib_settings(("font.family", families)), measured_in(style.font):
        return finish_figure(choose_plan(planner_of(view), drawable).draw(), drawable)


def save_figure(
    figure: Figure,
    format: str,
    metadata: dict[str, Any] | None,
    style: Style | None = None,
    **options: Any,
) -> bytes:
    """The bytes of a figure in a format, at the zoom of the style, on its ground.

    Raises MisuseError for an image of too many pixels.
    """
    style = style or Style()
    if style.transparent:
        for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
            patch.set_alpha(0.0)
    data, zoom = BytesIO(), style.zoom
    with matplotlib_settings(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        if format == "pdf" and zoom != 1:
            from attnviz.render.figure.pdf_pages import write_pdf

            return write_pdf([figure], metadata or {}, zoom)
        if format in ("png", "jpg", "webp"):
            check_zoom(figure, zoom)
            options["dpi"] = figure.dpi * zoom
        figure.savefig(data, format=format, metadata=metadata, **options)
    if format in VECTOR_FORMATS and style.dpi != Style().dpi and has_only_shapes(figure):
        message = f"--dpi has no effect on this {format}: its cells are shapes"
        warnings.warn(message, AttnvizWarning, stacklevel=4)
    if format == "svg":
        return zoom_svg(describe_svg(data.getvalue(), metadata or {}), zoom)
    return zoom_eps(data.getvalue(), zoom) if format == "eps" else data.getvalue()


def has_only_shapes(figure: Figure) -> bool:
    """Whether no cells of a figure are pixels in its vector formats."""
    images = [image for axes in figure.axes for image in axes.images]
    return all(getattr(image, "is_vector", False) for image in images)


def describe_svg(data: bytes, metadata: dict[str, Any]) -> bytes:
    """The SVG as an image with a description, for readers that do not show it."""
    from html import escape

    words = f"{metadata.get('Title') or 'Attention weights'}. {metadata['Description']}"
    start, tag, rest = data.partition(b"<svg")
    head, end, body = rest.partition(b">")
    described = f' role="img" aria-describedby="description"{end.decode()}\n '.encode()
    text = f'<desc id="description">{escape(words.strip())}</desc>'.encode()
    return start + tag + head + described + text + body


def check_zoom(figure: Figure, zoom: float) -> None:
    """Raise MisuseError for an image of too many pixels."""
    width, height = figure.get_size_inches() * figure.dpi * zoom
    if width * height > MAX_PIXELS:
        raise MisuseError(
            f"--zoom {zoom:g} makes an image of {width:,.0f} × {height:,.0f} pixels; the limit is "
            f"{MAX_PIXELS:,} pixels"
        )


def zoom_eps(data: bytes, zoom: float) -> bytes:
    """The EPS at another size: its bounding boxes, and the unit of its page."""
    if zoom == 1:
        return data

    def resize(match: re.Match[bytes]) -> bytes:
        box = [float(side) * zoom for side in match[2].split()]
        is_whole = b"HiRes" not in match[1]
        return match[1] + b" ".join(
            b"%d" % ceil(side) if is_whole else b"%.6f" % side for side in box
        )

    data = re.sub(rb"(%%(?:HiRes)?BoundingBox: )([-\d. ]+)", resize, data)
    start, end, body = data.partition(b"%%EndProlog\n")
    return start + end + b"%g %g scale\n" % (zoom, zoom) + body


def zoom_svg(data: bytes, zoom: float) -> bytes:
    """The SVG at another size: its coordinates stay."""
    if zoom == 1:
        return data

    def resize(match: re.Match[bytes]) -> bytes:
        return b'%s="%spt"' % (match[1], f"{float(match[2]) * zoom:.6g}".encode())

    start, tag, rest = data.partition(b"<svg")
    head, end, body = rest.partition(b">")
    return start + tag + re.sub(rb'(width|height)="([\d.]+)pt"', resize, head) + end + body


@contextmanager
def matplotlib_settings(*more: tuple[str, Any]) -> Iterator[None]:
    """matplotlib's default settings with RC_PARAMS, whatever the user has configured.

    The settings are those of the process: threads take turns, and leave those of the user.
    """
    import matplotlib

    settings: Any = {k: v for k, v in matplotlib.rcParamsDefault.items() if k != "backend"}
    settings.update(RC_PARAMS, **dict(more))
    with SETTINGS_LOCK, matplotlib.rc_context(settings):
        yield


def file_metadata(amap: AttentionMap, style: Style) -> tuple[str, dict[str, str]]:
    """Title of the figure, and how it was made: command, versions, the note on its weights."""
    note = untrained_note(amap)
    made_by = {**style.made_by, **({"Comment": note} if note else {})}
    return figure_title(amap, style), {
        escape_text(key): escape_text(value) for key, value in made_by.items()
    }


def join_metadata(made_by: dict[str, str]) -> str:
    """The metadata as one text, for formats with a single field."""
    return "; ".join(f"{key}: {value}" for key, value in made_by.items())
