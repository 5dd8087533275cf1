"""Style: the display options of a map. Each renderer uses those that concern it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.record import Record

SEPARATOR = " · "  # between the parts of a caption
SENTENCE = "sentence: "  # before the sentence, where a table is one of several


Highlight = tuple[int, int | None]  # positions of a query and of a key; None: the whole row


class HeadMeasure(Record, eq=False):
    """A measure of every head, by which heads can be sorted; signed ones by their magnitude.

    `note` states what the values depend on.
    Shapes: values [layer, head], NaN where it is not defined
    """

    name: str
    summary: str
    unit: str
    low: float
    high: float
    is_lowest_first: bool
    values: FloatArray
    is_signed: bool = False
    note: str = ""


class Style(Record, kw_only=True):
    """Display options; None is the default for the map.

    `captions` has one line of escaped text per head, keyed by the original (layer, head);
    `row_captions` has the lines of the text view, about the row of its query.
    `patterns`, by the same key, has the attention pattern of a head and its score, 0 to 1, and
    `pattern_summaries` what each of these patterns is; `measures` has numbers about every head.
    `made_by` (command, versions) goes into the metadata of the output. `precision` is a number
    of decimals, `query` a position. `row_id` is the id of the text in tables of several texts.
    """

    view: str = "auto"
    query: int | None = None  # of the text view
    palette: str | None = None
    vmin: float | None = None  # limits of the color scale
    vmax: float | None = None
    robust: bool = False  # the high limit is a quantile of the weights
    norm: str | None = None  # of the color scale: linear, sqrt, log
    highlight: tuple[str | Highlight, ...] = ()  # texts "QUERY" and "QUERY,KEY", or positions
    percent: bool = False  # weights are written as percentages
    columns: int | None = None  # panels side by side
    math: bool = False  # $…$ in the title is typeset
    show_title: bool = True
    show_captions: bool = True
    show_colorbar: bool = True
    dark: bool = False
    transparent: bool = False
    font: str | None = None
    zoom: float = 1.0  # size of the finished picture
    frames: str | None = None  # of an animation: layers, heads, steps
    frame_time: float = 0.9  # seconds
    precision: int | None = None
    title: str | None = None
    show_metadata: bool = True  # command, paths, text and versions, beside what is drawn
    source_name: str = ""  # the file that is rendered: title of a page without a text
    names_text: bool = False  # tables begin with the sentence: there are several
    row_id: str | None = None  # without an id of its own, the number of its line
    annotate: bool | None = None
    size: tuple[float, float] | None = None  # inches
    width: float | None = None  # inches; the height follows
    font_size: float | None = None  # points of token labels in figures; None: by the size
    dpi: int = 150
    ascii: bool = False  # ASCII output only
    captions: Mapping[tuple[int, int], str] = field(default_factory=dict)
    row_captions: Mapping[tuple[int, int], str] = field(default_factory=dict)
    patterns: Mapping[tuple[int, int], tuple[str, float]] = field(default_factory=dict)
    pattern_summaries: Mapping[str, str] = field(default_factory=dict)
    measures: Sequence[HeadMeasure] = ()
    made_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The limits of the color scale; None: by the weights."""
        return self.vmin, self.vmax


def heading_of_text(amap: AttentionMap, style: Style) -> str:
    """The text of a map that is one of several, with the second text, or its id; else empty."""
    if not style.names_text:
        return ""
    id = amap.meta.get("id")
    if amap.text is None:
        return "" if id is None else f"id: {id}"
    second = {"context": amap.context, "pair": amap.meta.get("pair")}
    parts = [f"{name}: {text}" for name, text in second.items() if text]
    return SEPARATOR.join((f"{SENTENCE}{amap.text}", *parts))


def query_index(amap: AttentionMap, style: Style) -> int:
    """The requested query position; by default the last one, which has the most visible keys.

    Raises MisuseError for a position out of range.
    """
    last = len(amap.queries) - 1
    if style.query is None:
        return last
    if not 0 <= style.query <= last:
        raise MisuseError(f"query {style.query} is out of range; the map has queries 0 to {last}")
    return style.query
