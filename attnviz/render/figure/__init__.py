"""Figures drawn with matplotlib: PNG, SVG and PDF. Equal maps and styles give equal bytes."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning
from attnviz.render.figure.drawable import Drawable, figure_title
from attnviz.render.figure.finish import finish_figure
from attnviz.render.figure.fonts import find_family, measured_in
from attnviz.render.figure.image_files import rasterize_figure, require_alpha, write_image
from attnviz.render.figure.presentation import choose_plan
from attnviz.render.figure.settings import matplotlib_settings
from attnviz.render.figure.views import choose_view, planner_of
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text
from attnviz.render.style import Style
from attnviz.render.views import require_scaled_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png(amap: AttentionMap, style: Style) -> bytes:
    """The map as a PNG image."""
    return image_file(amap, style, "png")


def svg(amap: AttentionMap, style: Style) -> bytes:
    """The map as an SVG image; the viewer's fonts draw its text."""
    return image_file(amap, style, "svg")


def pdf(amap: AttentionMap, style: Style) -> bytes:
    """The map as a PDF, with its fonts embedded."""
    return image_file(amap, style, "pdf")


def jpg(amap: AttentionMap, style: Style) -> bytes:
    """The map as a JPEG image, which has no transparency."""
    return image_file(amap, style, "jpg")


def webp(amap: AttentionMap, style: Style) -> bytes:
    """The map as a WebP image, without loss."""
    return image_file(amap, style, "webp")


def eps(amap: AttentionMap, style: Style) -> bytes:
    """The map as Encapsulated PostScript, which has no transparency."""
    return image_file(amap, style, "eps")


def gif(amap: AttentionMap, style: Style) -> bytes:
    """An animation of 256 colors."""
    return animated_file(amap, style, "gif")


def apng(amap: AttentionMap, style: Style) -> bytes:
    """An animation in all colors."""
    return animated_file(amap, style, "apng")


def image_file(amap: AttentionMap, style: Style, format: str) -> bytes:
    """The map as a file of a format."""
    require_alpha(format, style)  # before it is drawn
    figure = draw_figure(amap, style, viewer_fonts=format == "svg")
    return write_image(figure, format, *file_facts(amap, style), style)


def animated_file(amap: AttentionMap, style: Style, format: str) -> bytes:
    """The map as an animation whose frames have one color scale.

    Raises MisuseError where there is only one frame.
    """
    from attnviz.render.figure.animation import encode_animation, split_frames

    require_alpha(format, style)
    frames = split_frames(amap, style)
    images = (rasterize_figure(draw_figure(part, own, scale_of=amap), own) for part, own in frames)
    title = file_facts(amap, style)[0]
    return encode_animation(images, len(frames), format, title, style.frame_time)


def draw_figure(
    amap: AttentionMap,
    style: Style,
    *,
    viewer_fonts: bool = False,
    scale_of: AttentionMap | None = None,
) -> Figure:
    """The matplotlib figure of a map; with `viewer_fonts` no character is missing.

    `scale_of` is the map whose color scale it has, if that is not its own.

    Raises MisuseError for a figure that would be too large or too small, UnknownNameError for
    a view or a palette that does not exist. Warns about missing characters and omitted values.
    """
    view = choose_view(amap, style)
    require_scaled_view(view.name, style)
    if style.font is not None:
        style = replace(style, font=find_family(style.font))
    drawable = Drawable.of(amap, style, view=view, viewer_fonts=viewer_fonts, scale_of=scale_of)
    if drawable.fonts.missing:
        warnings.warn(drawable.fonts.warning, AttnvizWarning, stacklevel=3)
    families = [*drawable.fonts.families, *(["sans-serif"] if viewer_fonts else [])]
    with matplotlib_settings(("font.family", families)), measured_in(style.font):
        return finish_figure(choose_plan(planner_of(view), drawable, view.name).draw(), style)


def file_facts(amap: AttentionMap, style: Style) -> tuple[str, dict[str, str]]:
    """Title of the figure, and how it was made: command, versions, the note on its weights."""
    note = untrained_note(amap)
    made_by = {**style.made_by, **({"Comment": note} if note else {})}
    return figure_title(amap, style), {
        escape_text(key): escape_text(value) for key, value in made_by.items()
    }
