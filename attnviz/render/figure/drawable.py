"""Drawable: a map prepared for drawing, with escaped texts, color scale and fonts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.colors import ColorScale
from attnviz.render.figure.direction import end_runs
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.figure.highlight import find_highlights
from attnviz.render.figure.remainder_column import RemainderColumn
from attnviz.render.figure.type_sizes import TypeSizes
from attnviz.render.head_scales import HeadScales
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text, escape_token
from attnviz.render.scaling import Scaling
from attnviz.render.segment_roles import roles_note
from attnviz.render.style import SEPARATOR, Highlight, Style
from attnviz.render.views import View, find_view

DECIMALS = 2
MASKED, ALLOWED = "masked", "allowed"  # the legend of these cells
MASK_PALETTE = "Blues"  # of allowed pairs


class Drawable(Record, eq=False):
    """A map ready to be drawn; an empty `title` or `subtitle` is not drawn.

    `scale` is that of the weights, or of one head (see `of_head`). `is_inline`: the subtitle is
    beside the title.
    Shapes: masked [layer, head, query, key]
    """

    amap: AttentionMap
    style: Style
    title: str
    subtitle: str
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    masked: BoolArray
    remainder: RemainderColumn | None
    scale: ColorScale
    scales: HeadScales
    fonts: FontSet
    type: TypeSizes = TypeSizes()
    has_headings: bool = True
    has_axis_names: bool = True
    is_inline: bool = False

    @classmethod
    def of(
        cls,
        amap: AttentionMap,
        style: Style,
        *,
        view: View | None = None,
        viewer_fonts: bool = False,
        scale_of: AttentionMap | None = None,
    ) -> Drawable:
        """Prepare a map for a view; None: the matrix.

        With `viewer_fonts` (SVG) the viewer's fonts draw the text, so no character is missing.
        `scale_of` is the map whose color scale it has; None: its own.

        Raises MisuseError for a map without weights.
        """
        if not amap.weights.size:
            raise MisuseError("the map has no weights to draw")
        title = figure_title(amap, style) if style.show_title else ""
        queries = tuple(escape_token(token.label) for token in amap.queries)
        keys = tuple(escape_token(token.label) for token in amap.keys)
        masked, remainder = amap.masked, RemainderColumn.of(amap)
        captions = (*style.captions.values(), *style.row_captions.values())
        subtitle = escape_text(SEPARATOR.join(filter(None, subtitle_notes(amap))))
        texts = (title, subtitle, *queries, *keys, *amap.names, *captions)
        fonts = FontSet.of(map(escape_text, texts), style.font)
        if viewer_fonts:
            fonts = replace(fonts, missing=frozenset())
        view = view or find_view("matrix")
        whole = scale_of or amap
        scales = HeadScales.of(
            whole,
            style.palette,
            default=default_palette(whole, view, style),
            scaling=Scaling.of(whole, style, view.name),
        )
        if whole is not amap:
            scales = scales.of_heads(compared_heads(amap))
        return cls(
            amap=amap,
            style=style,
            title=title,
            subtitle=subtitle,
            queries=queries,
            keys=keys,
            masked=np.broadcast_to(np.False_ if masked is None else masked, amap.weights.shape),
            remainder=remainder,
            scale=scales.weights,
            scales=scales,
            fonts=fonts,
            has_headings=amap.n_layer * amap.n_head > 1 or bool(amap.names),
        )

    def of_head(self, at: tuple[int, int]) -> Drawable:
        """The drawable with the color scale of one head: of weights, or of differences."""
        scale = self.scales.of_head(at[1])
        return self if scale is self.scale else replace(self, scale=scale)

    @cached_property
    def is_mask(self) -> bool:
        """Whether the map is an attention mask."""
        return self.amap.is_mask

    @cached_property
    def highlights(self) -> tuple[Highlight, ...]:
        """The positions of the highlighted rows and cells; MisuseError for unknown tokens."""
        return find_highlights(self.amap, self.style.highlight)

    @property
    def n_panel(self) -> int:
        """The number of heads in all layers."""
        return self.amap.n_layer * self.amap.n_head

    @property
    def column_choices(self) -> Iterable[int]:
        """The possible numbers of panel columns; several layers have one row each."""
        if self.style.columns is not None:
            if self.n_panel == 1:
                raise MisuseError("--columns has no effect on one panel")
            return (min(self.style.columns, self.n_panel),)
        several = self.amap.n_layer > 1 and self.amap.n_head > 1
        return (self.amap.n_head,) if several else range(1, self.n_panel + 1)

    @property
    def pooled_note(self) -> str:
        """How cells were pooled and heads combined; empty if neither was done."""
        return "; ".join(
            str(self.amap.meta[k]) for k in ("pooled", "reduced") if k in self.amap.meta
        )

    @property
    def cell_notes(self) -> tuple[str, ...]:
        """The legend of cells: masked, outside the scale; of a mask, that of all cells."""
        if self.is_mask:
            return ALLOWED, MASKED
        masked = (MASKED,) if self.masked.any() else ()
        outside = self.scales.outside_note(self.amap.weights, self.masked).replace("-", "−")
        return (*masked, outside) if outside else masked

    @property
    def has_colorbar(self) -> bool:
        """Whether a bar explains the colors; those of a mask mean no weights."""
        return not self.is_mask and self.style.show_colorbar

    @property
    def right_edge(self) -> float:
        """The right end of the columns of a panel, in cells."""
        return len(self.keys) - 0.5 if self.remainder is None else self.remainder.right

    @property
    def axis_name_points(self) -> float:
        """The size of "query" and "key" beside panels; 0 if they are omitted."""
        return self.type.name if self.has_axis_names else 0.0

    def head_indices(self) -> Iterator[tuple[int, int]]:
        """The array indices (layer, head) of all heads."""
        yield from np.ndindex(self.amap.n_layer, self.amap.n_head)

    def headings(self, points: float, width: float) -> list[str]:
        """The heading of each panel: "layer 3 · head 1", or "L3 H1" if that is too wide."""
        if not self.has_headings:
            return [""] * self.n_panel
        for short in (False, True):
            headings = [self.heading(*at, short=short) for at in self.head_indices()]
            if max(text_width(heading, points) for heading in headings) <= width:
                return headings
        return [self.fonts.shorten(heading, points, width) for heading in headings]

    def heading(self, layer: int, head: int, *, short: bool = False) -> str:
        """The name of a head; a single layer is named in the title instead."""
        amap = self.amap
        if self.is_mask and amap.heads == (0,):
            return ""
        if amap.n_layer == 1 and not amap.names:
            return escape_text(amap.head_label(head))
        name = amap.head_name(layer, head)
        if short:
            name = name.replace("layer ", "L").replace(" · head ", " H")
        return self.fonts.substitute(escape_text(name))

    def caption(self, layer: int, head: int) -> str:
        """The caption of a head; empty if it has none."""
        at = self.amap.layers[layer], self.amap.heads[head]
        return end_runs(self.style.captions.get(at, ""))

    def row_caption(self, layer: int, head: int) -> str:
        """The caption of a head in the text view, about the row of the query."""
        at = self.amap.layers[layer], self.amap.heads[head]
        return end_runs(self.style.row_captions.get(at, ""))

    def format_weight(self, weight: float) -> str:
        """A weight as text; on a centered scale with its sign."""
        style, kind = self.style, "%" if self.style.percent else "f"
        digits = (0 if style.percent else DECIMALS) if style.precision is None else style.precision
        text = f"{weight:{'+' if self.scale.is_centered else ''}.{digits}{kind}}"
        bare = text.lstrip("+-")
        return bare if float(bare.rstrip("%")) == 0 else text.replace("-", "−")


def default_palette(amap: AttentionMap, view: View, style: Style) -> str | None:
    """The palette of masks and of the view: on a dark ground its high end has to be light."""
    name = MASK_PALETTE if amap.is_mask else view.palette
    return f"{name}_r" if name and style.dark else name


def subtitle_notes(amap: AttentionMap) -> tuple[str, ...]:
    """How many pairs a mask allows; else the alignment of two texts, untrained weights, roles."""
    if amap.is_mask:
        return (str(amap.meta.get("algebra", "")),)
    return str(amap.meta.get("alignment", "")), untrained_note(amap) or "", roles_note(amap)


def figure_title(amap: AttentionMap, style: Style) -> str:
    """The requested title, or the title of the map with its only layer and its only head."""
    if style.title is not None:
        return escape_text(style.title)
    names = [amap.title]
    is_reduced = "reduced_layers" in amap.meta
    if amap.n_layer == 1 and (amap.layers != (0,) or "model" in amap.meta or is_reduced):
        names.append(amap.layer_label(0))
    if amap.n_layer * amap.n_head == 1 and not amap.names and not amap.is_mask:
        is_one_of_many = "model" in amap.meta or amap.meta.get("heads", 1) != 1
        if amap.heads != (0,) or is_one_of_many or "reduced_heads" in amap.meta:
            names.append(amap.head_label(0))
    return escape_text(" · ".join(names))
