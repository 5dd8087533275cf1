"""Image files: a finished figure as the bytes of a format, with metadata and at any zoom."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from math import ceil
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.render.figure.fonts import FontSet
from attnviz.render.figure.page_size import MAX_PIXELS
from attnviz.render.figure.settings import matplotlib_settings
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

VECTOR_FORMATS = ("svg", "pdf", "eps")
WITHOUT_ALPHA = ("jpg", "eps", "gif")
TITLE_TAG, SOFTWARE_TAG = 0x010E, 0x0131  # of EXIF: description of the image, program
WARNINGS_LOCK = RLock()  # filters of warnings belong to the process
Facts = Mapping[str, str]  # how a file was made, by name


def write_image(
    figure: Figure, format: str, title: str, made_by: Facts, style: Style | None = None
) -> bytes:
    """The bytes of a figure in a format, at the zoom of the style, on its ground.

    Raises MisuseError for an image of too many pixels, and for a transparent ground in a format
    that has none.
    """
    style = style or Style()
    require_alpha(format, style)
    with settings_of(figure, style):
        data = ENCODERS[format](figure, title, made_by, style.zoom)
    if format in VECTOR_FORMATS and style.dpi != Style().dpi and has_only_shapes(figure):
        message = f"--dpi has no effect on this {format}: its cells are shapes"
        warnings.warn(message, AttnvizWarning, stacklevel=4)
    return data


def rasterize_figure(figure: Figure, style: Style) -> Image:
    """The pixels of a figure as an image of Pillow.

    Raises MisuseError for an image of too many pixels.
    """
    with settings_of(figure, style):
        return draw_pixels(figure, style.zoom)


@contextmanager
def settings_of(figure: Figure, style: Style) -> Iterator[None]:
    """The settings that a figure is drawn with, on its ground."""
    if style.transparent:
        remove_ground(figure)
    with matplotlib_settings(), without_glyph_warnings(figure, style.font):
        yield


def remove_ground(figure: Figure) -> None:
    """Make the ground of a figure and of its axes transparent."""
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set_alpha(0.0)


def encode_png(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """A PNG image with its metadata as text."""
    check_zoom(figure, zoom)
    metadata = {"Title": title, **made_by}
    return saved(figure, "png", metadata=metadata, dpi=figure.dpi * zoom)


def encode_svg(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """An SVG with a description for readers that do not show it."""
    about = join_facts(made_by)
    metadata = {"Title": title, "Date": None, "Description": about}
    return zoom_svg(describe_svg(saved(figure, "svg", metadata=metadata), title, about), zoom)


def encode_pdf(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """A PDF of one page."""
    metadata = {"Title": title, "CreationDate": None, "Subject": join_facts(made_by)}
    if zoom == 1:
        return saved(figure, "pdf", metadata=metadata)
    from attnviz.render.figure.pdf_pages import write_pdf

    return write_pdf([figure], metadata, zoom)


def encode_eps(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """An EPS without the date of its creation: equal figures are equal bytes."""
    creator = f"{title}; {join_facts(made_by)}".encode("ascii", "backslashreplace")
    eps = saved(figure, "eps", metadata={"Creator": creator.decode()})
    undated = re.sub(rb"^%%CreationDate: .*\n", b"", eps, count=1, flags=re.MULTILINE)
    return zoom_eps(undated, zoom)


def encode_jpg(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """A JPEG image with its metadata as EXIF."""
    image, dpi = draw_pixels(figure, zoom).convert("RGB"), (figure.dpi * zoom,) * 2
    return encode_exif(image, title, made_by, format="jpeg", quality=95, subsampling=0, dpi=dpi)


def encode_webp(figure: Figure, title: str, made_by: Facts, zoom: float) -> bytes:
    """A WebP image, without loss, with its metadata as EXIF."""
    image = draw_pixels(figure, zoom)
    return encode_exif(image, title, made_by, format="webp", lossless=True)


ENCODERS = {
    "png": encode_png,
    "svg": encode_svg,
    "pdf": encode_pdf,
    "eps": encode_eps,
    "jpg": encode_jpg,
    "webp": encode_webp,
}


def saved(figure: Figure, format: str, **options: Any) -> bytes:
    """What matplotlib writes for a figure."""
    data = BytesIO()
    figure.savefig(data, format=format, **options)
    return data.getvalue()


def draw_pixels(figure: Figure, zoom: float) -> Image:
    """The pixels of a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL.Image import fromarray

    check_zoom(figure, zoom)
    dpi = figure.dpi
    figure.dpi = dpi * zoom
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    image = fromarray(np.asarray(canvas.buffer_rgba()).copy())
    figure.dpi = dpi
    return image


def encode_exif(image: Image, title: str, made_by: Facts, **options: Any) -> bytes:
    """An image with its title and how it was made as EXIF."""
    from PIL.Image import Exif

    exif, data = Exif(), BytesIO()
    exif[TITLE_TAG] = title.encode()  # as text it would become ASCII
    exif[SOFTWARE_TAG] = join_facts(made_by).encode()
    image.save(data, exif=exif, **options)
    return data.getvalue()


def require_alpha(format: str, style: Style) -> None:
    """Raise MisuseError for a transparent ground in a format that has none."""
    if style.transparent and format in WITHOUT_ALPHA:
        raise MisuseError(
            f"--transparent has no effect on {format}; it acts on png, svg, pdf, webp, apng"
        )


@contextmanager
def without_glyph_warnings(figure: Figure, font: str | None) -> Iterator[None]:
    """Draw characters that no font has without a warning: viewers of SVG have their own fonts.

    Only such figures are drawn one after the other.
    """
    from matplotlib.text import Text

    found: Any = figure.findobj(Text)
    fonts = FontSet.of([text.get_text() for text in found], font)
    if not (fonts.missing or fonts.marks):
        yield
        return
    with WARNINGS_LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        yield


def has_only_shapes(figure: Figure) -> bool:
    """Whether no cells of a figure are pixels in its vector formats."""
    images = [image for axes in figure.axes for image in axes.images]
    return all(getattr(image, "is_vector", False) for image in images)


def describe_svg(data: bytes, title: str, about: str) -> bytes:
    """The SVG as an image with a description."""
    from html import escape

    words = f"{title or 'Attention weights'}. {about}"
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


def join_facts(made_by: Facts) -> str:
    """The metadata as one text, for formats with a single field."""
    return "; ".join(f"{key}: {value}" for key, value in made_by.items())
