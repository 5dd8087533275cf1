"""Pictures for talks and print: PNG, SVG and PDF. The same map and style, the same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizWarning
from attnviz.render.figure.drawable import Subject, title_of
from attnviz.render.figure.views import view_of
from attnviz.render.safe_text import one_line
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOUSE_STYLE = {
    "text.parse_math": False,  # a token may hold $ signs
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "svg.fonttype": "none",  # text stays text: it can be searched and edited
    "svg.hashsalt": "attnviz",
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.5,
}


def png(amap: AttentionMap, style: Style) -> bytes:
    """The map as a picture made of pixels."""
    title, made_by = described(amap, style)
    return saved(draw(amap, style), "png", {"Title": title, **made_by})


def svg(amap: AttentionMap, style: Style) -> bytes:
    """The map as a vector drawing; its text is drawn by the fonts of whoever opens it."""
    title, made_by = described(amap, style)
    about = {"Title": title, "Date": None, "Description": lines(made_by)}
    return saved(draw(amap, style, live=True), "svg", about)


def pdf(amap: AttentionMap, style: Style) -> bytes:
    """The map for print, with the fonts it needs."""
    title, made_by = described(amap, style)
    about = {"Title": title, "CreationDate": None, "Subject": lines(made_by)}
    return saved(draw(amap, style), "pdf", about)


def draw(amap: AttentionMap, style: Style, *, live: bool = False) -> Figure:
    """The figure, not yet saved; `live` text needs no font here.

    Raises MisuseError for a picture that would be too large, UnknownNameError for a view or a
    palette that does not exist. Warns where characters cannot be drawn, or numbers not read.
    """
    view = view_of(amap, style)
    subject = Subject.of(amap, style, palette=view.palette, live=live)
    if subject.letters.missing:
        warnings.warn(subject.letters.complaint, AttnvizWarning, stacklevel=3)
    families = [*subject.letters.families, *(["sans-serif"] if live else [])]
    with house_style(("font.family", families)):
        return view.draw(subject)


def saved(figure: Figure, format: str, metadata: dict[str, Any]) -> bytes:
    """A figure in the bytes of a format."""
    made = BytesIO()
    with house_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        figure.savefig(made, format=format, metadata=metadata)
    return made.getvalue()


@contextmanager
def house_style(*more: tuple[str, Any]) -> Iterator[None]:
    """matplotlib as it comes, whatever a user's own settings are, and our few wishes."""
    import matplotlib

    wishes: Any = {k: v for k, v in matplotlib.rcParamsDefault.items() if k != "backend"}
    wishes.update(HOUSE_STYLE, **dict(more))
    with matplotlib.rc_context(wishes):
        yield


def described(amap: AttentionMap, style: Style) -> tuple[str, dict[str, str]]:
    """What an artefact says of itself: its title, and how it was made."""
    return title_of(amap, style), {
        one_line(key): one_line(value) for key, value in style.made_by.items()
    }


def lines(made_by: dict[str, str]) -> str:
    """How it was made, for formats that have one place for it."""
    return "; ".join(f"{key}: {value}" for key, value in made_by.items())
