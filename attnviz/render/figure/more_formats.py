"""Figures in further formats: JPEG, WebP, EPS, and animations with a frame for each layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.head_scales import HeadScales
from attnviz.render.scaling import Scaling
from attnviz.render.style import Style

TITLE_TAG, SOFTWARE_TAG = 0x010E, 0x0131  # of EXIF: description of the image, program
WITHOUT_ALPHA = ("jpg", "eps")
FRAME_MILLISECONDS = 900


def image_options(format: str, title: str, made_by: dict[str, str]) -> dict[str, Any]:
    """The options of a JPEG or WebP file: quality, and metadata as EXIF."""
    from PIL.Image import Exif

    exif = Exif()
    exif[TITLE_TAG] = title.encode()  # as text it would become ASCII
    exif[SOFTWARE_TAG] = "; ".join(f"{key}: {value}" for key, value in made_by.items()).encode()
    best = {"lossless": True} if format == "webp" else {"quality": 95, "subsampling": 0}
    return {**best, "exif": exif}


def require_alpha(format: str, style: Style) -> None:
    """Raise MisuseError for a transparent ground in a format that has none."""
    if style.transparent and format in WITHOUT_ALPHA:
        raise MisuseError(
            f"--transparent has no effect on {format}; it acts on png, svg, pdf, webp"
        )


def without_date(eps: bytes) -> bytes:
    """An EPS file without the date of its creation: equal figures are equal bytes."""
    return re.sub(rb"^%%CreationDate: .*\n", b"", eps, count=1, flags=re.MULTILINE)


def split_layers(amap: AttentionMap, style: Style) -> Iterator[tuple[AttentionMap, Style]]:
    """The map of each layer, with a style that has the color scale of the whole map."""
    view = "matrix" if style.view in ("auto", "overview") else style.view
    style = replace(style, view=view)
    if view in ("matrix", "text"):
        scale = HeadScales.of(amap, style.palette, scaling=Scaling.of(amap, style, view)).weights
        low = None if scale.is_centered else scale.low
        style = replace(style, vmin=low, vmax=scale.high, norm=scale.norm.name, robust=False)
    for layer in amap.layers:
        yield amap.select(layers=[layer]), style


def animate(images: Iterable[bytes], format: str, title: str) -> bytes:
    """PNG images as the frames of a GIF or an animated PNG, which repeats."""
    from PIL import Image

    frames = [Image.open(BytesIO(image)).convert("RGBA") for image in images]
    size = (max(frame.width for frame in frames), max(frame.height for frame in frames))
    padded = []
    for frame in frames:
        canvas = Image.new("RGBA", size, frame.getpixel((0, 0)))
        canvas.paste(frame)
        padded.append(canvas if format == "apng" else canvas.convert("RGB").quantize(256))
    data = BytesIO()
    options: dict[str, Any] = {"comment": title} if format == "gif" else {}
    padded[0].save(
        data,
        format="gif" if format == "gif" else "png",
        save_all=True,
        append_images=padded[1:],
        duration=FRAME_MILLISECONDS,
        loop=0,
        **options,
    )
    return data.getvalue()
