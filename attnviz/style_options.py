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

ALL = ""  # every view
SCALED = "matrix overview text"  # every cell has the color of its weight
PANELS = "matrix lines arcs rows"  # a panel per head
CAPTIONED = f"{PANELS} text"

IMAGES = {"figure": ALL}
COLORED = {"terminal": SCALED, "tikz": ALL, "figure": SCALED, "page": ALL, "vega_lite": ALL}
# In which kinds of output (`Format.kind`) an option acts, and in which views of each.
ACTS_IN: Mapping[str, Mapping[str, str]] = {
    "query": {"terminal": "text", "figure": "text", "page": ALL},
    "palette": COLORED | {"terminal": f"{SCALED} lines", "figure": ALL},
    "vmin": COLORED,
    "vmax": COLORED,
    "robust": COLORED,
    "norm": COLORED,
    "precision": {
        "terminal": "matrix lines text rows",
        "tikz": ALL,
        "figure": "matrix text",
        "page": ALL,
        "json_document": ALL,
        "csv_table": ALL,
        "text_table": ALL,
    },
    "title": dict.fromkeys(("terminal", "tikz", "figure", "page", "text_table", "vega_lite"), ALL),
    "annotate": {"terminal": "matrix", "tikz": ALL, "figure": "matrix text"},
    "size": IMAGES,
    "width": IMAGES,
    "font_size": IMAGES,
    "dpi": IMAGES,
    "ascii": {"terminal": ALL},
    "highlight": {"tikz": ALL, "figure": PANELS},
    "percent": {
        "terminal": "matrix text",
        "tikz": ALL,
        "figure": ALL,
        "text_table": ALL,
        "vega_lite": ALL,
    },
    "columns": {"tikz": ALL, "figure": PANELS},
    "math": IMAGES,
    "show_title": dict.fromkeys(("terminal", "tikz", "figure", "vega_lite"), ALL),
    "show_captions": {
        "terminal": CAPTIONED,
        "tikz": ALL,
        "figure": CAPTIONED,
        "page": ALL,
        "text_table": ALL,
    },
    "show_colorbar": {"tikz": ALL, "figure": "matrix overview lines arcs text"},
    "show_metadata": dict.fromkeys(
        ("tikz", "figure", "page", "json_document", "array_files", "parquet"), ALL
    ),
    "dark": IMAGES,
    "transparent": IMAGES,
    "font": IMAGES,
    "zoom": IMAGES,
    "frames": IMAGES,
    "frame_time": IMAGES,
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
