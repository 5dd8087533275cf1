"""Animations: GIF and animated PNG with a frame per layer, per head, or per generated token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.figure.drawable import figure_title
from attnviz.render.safe_text import escape_token
from attnviz.render.style import SEPARATOR, Style

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_TOTAL = 250_000_000  # pixels of all frames
Frame = tuple[AttentionMap, Style]


def split_frames(amap: AttentionMap, style: Style) -> list[Frame]:
    """The map and the style of each frame.

    Without a request, frames are layers if there are several, else heads, else generated tokens.

    Raises MisuseError where there is one frame only, which is no animation.
    """
    names = [style.frames] if style.frames else list(SPLITS)
    found = (list(SPLITS[name](amap, style)) for name in names)
    frames = next((frames for frames in found if len(frames) > 1), None)
    if frames is not None:
        return frames
    lacks = {"layers": "one layer", "heads": "one head", "steps": "no generated tokens"}
    had = " and ".join(lacks[name] for name in names)
    others = [name for name, split in SPLITS.items() if len(list(split(amap, style))) > 1]
    choice = f", choose --frames {' or '.join(others)}" if others else ""
    raise MisuseError(
        f"an animation needs several frames, and the map has {had}; write a png{choice}, or "
        "generate tokens of a --model with --generate N"
    )


def layer_frames(amap: AttentionMap, style: Style) -> Iterator[Frame]:
    """A frame for each layer."""
    for i, layer in enumerate(amap.layers):
        yield amap.select(layers=[layer]), titled(amap, as_panels(style), amap.layer_label(i))


def head_frames(amap: AttentionMap, style: Style) -> Iterator[Frame]:
    """A frame for each head, of all layers."""
    for j, head in enumerate(amap.heads):
        yield amap.select(heads=[head]), titled(amap, as_panels(style), amap.head_label(j))


def step_frames(amap: AttentionMap, style: Style) -> Iterator[Frame]:
    """A frame for each generated token: the row of the query that predicted it.

    The view is the text, or another one in which that row is framed.
    """
    steps = generated_steps(amap)
    for number, query in enumerate(steps, start=1):
        label = f"step {number} of {len(steps)}"
        if query + 1 < len(amap.queries):
            label += f": {escape_token(amap.queries[query + 1].label)}"
        named = titled(amap, style, label)
        if style.view in ("auto", "text"):
            yield amap, replace(named, view="text", query=query, row_captions={})
        else:
            yield amap, replace(named, highlight=(*style.highlight, (query, None)))


SPLITS: dict[str, Callable[[AttentionMap, Style], Iterator[Frame]]] = {
    "layers": layer_frames,
    "heads": head_frames,
    "steps": step_frames,
}


def generated_steps(amap: AttentionMap) -> range:
    """The queries that predicted a token which the model, or its decoder, wrote."""
    n, meta = len(amap.queries), amap.meta
    if {"dropped", "words", "pooled"} & meta.keys():
        return range(0)
    if meta.get("attention") in ("decoder", "cross"):
        return range(n)
    n_generated = min(int(meta.get("generated", 0)), n - 1)
    return range(n - 1 - n_generated, n - 1)


def as_panels(style: Style) -> Style:
    """The style with a view of panels: an overview of one layer or head shows no tokens."""
    return replace(style, view="matrix") if style.view in ("auto", "overview") else style


def titled(amap: AttentionMap, style: Style, label: str) -> Style:
    """The style with a title that names the frame."""
    return replace(style, title=SEPARATOR.join(filter(None, (figure_title(amap, style), label))))


def check_pixels(images: list[Image], n_frame: int) -> None:
    """Raise MisuseError for frames of too many pixels, given the first of them."""
    total = n_frame * images[0].width * images[0].height
    if total > MAX_TOTAL:
        raise MisuseError(
            f"{n_frame} frames of {images[0].width:,} × {images[0].height:,} pixels are too many; "
            f"the limit is {MAX_TOTAL:,} pixels. Use a lower --dpi, or select with --layer and "
            "--head"
        )


def encode_animation(
    images: Iterator[Image], n_frame: int, format: str, title: str, seconds: float
) -> bytes:
    """Images as the frames of a GIF or an animated PNG, which repeats without end."""
    frames: list[Image] = []
    for image in images:
        frames.append(image)
        check_pixels(frames[:1], n_frame)
    size = (max(frame.width for frame in frames), max(frame.height for frame in frames))
    finished = [on_canvas(frame, size) for frame in frames]
    if format == "gif":
        finished = [frame.convert("RGB").quantize(256) for frame in finished]
    data = BytesIO()
    options: dict[str, Any] = {"comment": title} if format == "gif" else {}
    finished[0].save(
        data,
        format="gif" if format == "gif" else "png",
        save_all=True,
        append_images=finished[1:],
        duration=round(1000 * seconds),
        loop=0,
        **options,
    )
    return data.getvalue()


def on_canvas(frame: Image, size: tuple[int, int]) -> Image:
    """A frame at the top left of a canvas in the color of its corner."""
    from PIL import Image

    if frame.size == size:
        return frame
    canvas = Image.new("RGBA", size, frame.getpixel((0, 0)))
    canvas.paste(frame)
    return canvas
