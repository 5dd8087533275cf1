"""Style options: the display options that `write`, `figure` and `plot` take as keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TypedDict, TypeVar

from attnviz.errors import MisuseError

Value = TypeVar("Value", bound=float | None)

RANGES: Mapping[str, tuple[float, float]] = {  # of options that are numbers
    "precision": (0, 17),
    "dpi": (10, 2400),
    "columns": (1, inf),
    "font_size": (6, 72),
    "zoom": (0.1, 10),
    "frame_time": (0.02, 60),
}
UNITS = {"font_size": " points", "frame_time": " seconds"}
FRAMES = ("layers", "heads", "steps")  # of an animation
ANIMATED = ("gif", "apng")

COLORED = ("figure", "page", "vega_lite", "tikz")
TITLED = ("figure", "vega_lite", "tikz")
FORMAT_KINDS: Mapping[str, tuple[str, ...]] = {  # in which an option acts; others: figures only
    "view": ("figure", "page"),
    "query": ("figure", "page"),
    "palette": COLORED,
    "vmin": COLORED,
    "vmax": COLORED,
    "robust": COLORED,
    "norm": COLORED,
    "precision": ("figure", "page", "text_table", "json_document", "csv_table", "tikz"),
    "title": (*COLORED, "text_table"),
    "percent": ("figure", "text_table", "vega_lite", "tikz"),
    "show_title": TITLED,
    "show_metadata": ("figure", "page", "json_document", "array_files", "parquet", "tikz"),
    "show_captions": ("figure", "page", "text_table", "tikz"),
    "show_colorbar": ("figure", "tikz"),
    "annotate": ("figure", "tikz"),
    "highlight": ("figure", "tikz"),
    "columns": ("figure", "tikz"),
    "ascii": (),  # tables in the terminal
}


class StyleOptions(TypedDict, total=False):
    """Display options of a map; each may be left out or None.

    view: "auto", "matrix", "overview", "lines", "arcs", "text" or "rows".
    query: the query of the text view: a position, or a token.
    palette: the colors, such as "viridis" or "Greys".
    vmin, vmax: limits of the color scale.
    robust: the high limit is a quantile of the weights.
    norm: of the color scale: "linear", "sqrt" or "log".
    precision: number of decimals.
    title: the title of the figure or document.
    annotate: whether values are written into the cells; None: where they are readable.
    size: width and height in inches.
    width: width in inches, or a text such as "8.3cm", "column", "page"; the height follows.
    font_size: points of token labels in figures; None: by the size.
    dpi: dots per inch.
    ascii: ASCII characters only.
    highlight: what is outlined: texts such as "it" (a row) and "it,animal" (a cell), or positions
        such as (4, None) and (4, 1).
    percent: weights are written as percentages.
    columns: panels side by side.
    math: $…$ in the title is typeset.
    show_title, show_captions, show_colorbar: False leaves the part out.
    show_metadata: False writes files without command, paths, sentence and versions.
    dark, transparent: a dark ground, no ground.
    font: the family of the text.
    zoom: the size of the finished picture, relative to its own.
    frames: of an animation (gif, apng): "layers", "heads" or "steps" (generated tokens).
    frame_time: seconds that each frame of an animation is shown.
    """

    view: str | None
    query: int | str | None
    palette: str | None
    vmin: float | None
    vmax: float | None
    robust: bool | None
    norm: str | None
    precision: int | None
    title: str | None
    annotate: bool | None
    size: tuple[float, float] | None
    width: float | str | None
    font_size: float | None
    dpi: int | None
    ascii: bool | None
    highlight: str | Sequence[str | tuple[int, int | None]] | None
    percent: bool | None
    columns: int | None
    math: bool | None
    show_title: bool | None
    show_captions: bool | None
    show_colorbar: bool | None
    show_metadata: bool | None
    dark: bool | None
    transparent: bool | None
    font: str | None
    zoom: float | None
    frames: str | None
    frame_time: float | None


def check_range(name: str, value: Value) -> Value:
    """The value of an option that is a number; MisuseError outside its range. None is allowed."""
    low, high = RANGES[name]
    if value is not None and not low <= value <= high:
        limits = f"at least {low:g}" if high == inf else f"between {low:g} and {high:g}"
        number = f"{value:g}" if isinstance(value, float) else f"{value}"
        flag = name.replace("_", "-")
        raise MisuseError(f"--{flag} {number} must be {limits}{UNITS.get(name, '')}")
    return value


def check_frames(name: str | None) -> str | None:
    """The frames of an animation; MisuseError for a name that there is not."""
    if name is not None and name not in FRAMES:
        raise MisuseError(f"--frames {name!r:.60} must be one of {', '.join(FRAMES)}")
    return name
