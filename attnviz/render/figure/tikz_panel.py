"""The panel of one head in TikZ: cells, numbers, the labels of tokens, frames."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import ColorScale, contrast_ink
from attnviz.render.data.text_table import escape_latex
from attnviz.render.figure.axis_labels import label_step
from attnviz.render.figure.tick_labels import tick_labels
from attnviz.render.head_scales import HeadScales
from attnviz.render.palette import Bytes
from attnviz.render.row_remainder import Remainder
from attnviz.render.safe_text import escape_text, escape_token
from attnviz.render.style import Highlight, Style

MAX_NUMBERS = 256  # of a panel, unless requested
SMALLEST, LARGEST, SIDE = 0.12, 0.5, 9.0  # cm: sides of a cell without numbers, of a panel
DIGIT, AROUND = 0.092, 0.16  # cm: width of a digit, space around a number
LINE = {"scriptsize": 0.28, "tiny": 0.2}  # cm: height of a label by its type
HEADING, CAPTION_LINE = 0.42, 0.24  # cm: heights of a line of a heading and of a caption
HEADING_LETTER, LETTER, ALONE = 0.16, 0.105, 8.0  # cm: widths of a letter, of a text of one head
BLEED = 0.02  # cm by which a cell extends below the next ones: viewers show no gaps


class TikzPanel(Record, eq=False):
    """What the panels of all heads have in common; `cell` is the side of a cell in cm."""

    amap: AttentionMap
    style: Style
    scales: HeadScales
    highlights: tuple[Highlight, ...]
    remainder: Remainder | None
    cell: float
    has_numbers: bool

    @classmethod
    def of(
        cls,
        amap: AttentionMap,
        style: Style,
        scales: HeadScales,
        highlights: tuple[Highlight, ...],
    ) -> TikzPanel:
        """The panels of a map; cells are large enough for their numbers."""
        n_query, n_key = amap.weights.shape[2:]
        is_small = n_query * n_key <= MAX_NUMBERS
        has_numbers = not amap.is_mask and (is_small if style.annotate is None else style.annotate)
        cell = min(max(SIDE / max(n_query, n_key), SMALLEST), LARGEST)
        panel = cls(amap, style, scales, highlights, Remainder.of(amap), cell, has_numbers)
        if not has_numbers:
            return panel
        ends = (end for scale in scales.by_name.values() for end in (scale.low, scale.high))
        longest = max(len(panel.number(end, scales.weights)) for end in ends)
        widened = max(cell, longest * DIGIT + AROUND)
        return cls(amap, style, scales, highlights, panel.remainder, widened, has_numbers)

    @property
    def width(self) -> float:
        """The width of a panel with the remainder column, in cm."""
        return (self.amap.weights.shape[3] + (1.5 if self.remainder else 0.0)) * self.cell

    @property
    def height(self) -> float:
        """The height of a panel, in cm."""
        return self.amap.weights.shape[2] * self.cell

    def head_indices(self) -> Iterator[tuple[int, int]]:
        """The array indices (layer, head) of all heads."""
        yield from np.ndindex(self.amap.n_layer, self.amap.n_head)

    def number(self, weight: float, scale: ColorScale) -> str:
        """A weight as text."""
        digits, kind = (0, "%") if self.style.percent else (2, "f")
        digits = digits if self.style.precision is None else self.style.precision
        sign = "+" if scale.is_centered else ""
        text = f"{weight:{sign}.{digits}{kind}}" if weight else "0"
        return text.lstrip("+-") if float(text.rstrip("%")) == 0 else text.replace("-", "−")

    def lines(self, at: tuple[int, int], *, has_queries: bool, has_keys: bool) -> Iterator[str]:
        """The lines of a head, whose upper left corner is the origin."""
        yield from self.title_lines(at)
        yield from self.cell_lines(at)
        if self.remainder is not None:
            yield from self.remainder_lines(at, self.remainder)
        n_key = self.amap.weights.shape[3]
        yield f"\\draw[outline] (0,0) rectangle ({n_key * self.cell:.3f},{self.height:.3f});"
        for query, key in self.highlights:
            left, wide = (0, n_key) if key is None else (key, 1)
            yield (
                f"\\draw[frame] ({left * self.cell:.3f},{query * self.cell:.3f}) rectangle "
                f"++({wide * self.cell:.3f},{self.cell:.3f});"
            )
        if has_queries:
            yield from self.label_lines(is_query=True)
        if has_keys:
            yield from self.label_lines(is_query=False)

    @property
    def text_width(self) -> float:
        """The width of headings and captions, in cm: that of a panel, or more of the only one."""
        return max(self.width, ALONE if self.amap.weights.shape[:2] == (1, 1) else 1.0)

    @property
    def n_caption_line(self) -> int:
        """The number of lines of the longest caption; 0 without captions."""
        captions = self.style.captions.values()
        return max((n_lines(text, self.text_width, LETTER) for text in captions), default=0)

    @property
    def top(self) -> float:
        """The height of headings and captions above a panel, in cm."""
        headings = map(self.heading, self.head_indices())
        n_line = max(n_lines(text, self.text_width, HEADING_LETTER) for text in headings)
        return HEADING * n_line + CAPTION_LINE * self.n_caption_line

    def heading(self, at: tuple[int, int]) -> str:
        """The name of a head; the only one is named in the title, as is the only layer."""
        amap = self.amap
        if amap.n_layer * amap.n_head == 1 and not amap.names:
            return ""
        is_bare = amap.n_layer == 1 and not amap.names
        return escape_text(amap.head_label(at[1]) if is_bare else amap.head_name(*at))

    def title_lines(self, at: tuple[int, int]) -> Iterator[str]:
        """The heading and the caption."""
        amap = self.amap
        caption = self.style.captions.get((amap.layers[at[0]], amap.heads[at[1]]), "")
        if caption:
            yield text_node(escape_text(caption), "tiny", self.text_width, 0.0)
        if heading := self.heading(at):
            above = CAPTION_LINE * self.n_caption_line
            yield text_node(heading, "footnotesize", self.text_width, above)

    def cell_lines(self, at: tuple[int, int]) -> Iterator[str]:
        """A rectangle per cell, with its number; masked cells are hatched."""
        weights, cell = self.amap.weights[at], self.cell
        masked = np.zeros(weights.shape, np.bool_)
        if self.amap.masked is not None:
            masked = np.broadcast_to(self.amap.masked, self.amap.weights.shape)[at]
        scale = self.scales.of_head(at[1])
        name = scale_name(self.scales, scale)
        levels, colors = scale.levels(weights), scale.rgb(weights)
        numbers = []
        for q, k in np.ndindex(weights.shape):
            x, y = k * cell, q * cell
            if masked[q, k]:
                box = f"({x:.3f},{y:.3f}) rectangle ++({cell:.3f},{cell:.3f})"
                yield f"\\fill[masked] {box};"
                yield f"\\draw[hatch] ({x:.3f},{y + cell:.3f}) -- ++({cell:.3f},{-cell:.3f});"
                continue
            right = BLEED * (k + 1 < weights.shape[1] and not masked[q, k + 1])
            below = BLEED * (q + 1 < len(weights) and not masked[q + 1, k])
            box = f"({x:.3f},{y:.3f}) rectangle ++({cell + right:.3f},{cell + below:.3f})"
            yield f"\\fill[{name}{levels[q, k]}] {box};"
            if self.has_numbers:
                ink = ink_name(colors[q, k])
                text = escape_latex(self.number(float(weights[q, k]), scale))
                center = f"({x + cell / 2:.3f},{y + cell / 2:.3f})"
                numbers.append(f"\\node[text={ink},font=\\tiny] at {center} {{{text}}};")
        yield from numbers

    def remainder_lines(self, at: tuple[int, int], remainder: Remainder) -> Iterator[str]:
        """The column of row sums, or of what rows leave: numbers, or bars where they are small."""
        left = (self.amap.weights.shape[3] + 0.5) * self.cell
        values = remainder.values[at]
        largest = float(np.abs(remainder.values).max()) or 1.0
        for q, value in enumerate(values.tolist()):
            if self.has_numbers:
                text = escape_latex(self.number(value, self.scales.of_head(at[1])))
                center = f"({left + self.cell / 2:.3f},{(q + 0.5) * self.cell:.3f})"
                yield f"\\node[font=\\tiny] at {center} {{{text}}};"
            else:
                wide = self.cell * abs(value) / largest
                yield (
                    f"\\fill[black!45] ({left:.3f},{q * self.cell:.3f}) rectangle "
                    f"++({wide:.4f},{self.cell:.3f});"
                )

    def label_lines(self, *, is_query: bool) -> Iterator[str]:
        """The labels of the queries or keys, as many as have room, and the name of the axis."""
        tokens = self.amap.queries if is_query else self.amap.keys
        size = "scriptsize" if self.cell >= LINE["scriptsize"] else "tiny"
        step = label_step(LINE[size] / self.cell)
        shown = tick_labels(tuple(escape_token(token.label) for token in tokens), step)
        longest = max(map(len, shown), default=0)
        for place, label in zip(range(0, len(tokens), step), shown, strict=True):
            yield self.label(place + 0.5, escape_latex(label), size, is_query=is_query)
        if not is_query and self.remainder is not None:
            mark = escape_latex(self.remainder.mark)
            yield self.label(len(tokens) + 1.0, mark, size, is_query=False)
        away = 0.35 + longest * DIGIT * (1.6 if size == "scriptsize" else 1.1)
        middle = len(tokens) * self.cell / 2
        at = (
            f"({-away:.3f},{middle:.3f})"
            if is_query
            else f"({middle:.3f},{self.height + away:.3f})"
        )
        turned = "rotate=90," if is_query else ""
        name = "query" if is_query else "key"
        yield f"\\node[{turned}text=black!65,font=\\{size}] at {at} {{{name}}};"

    def label(self, place: float, text: str, size: str, *, is_query: bool) -> str:
        """The label of a row or column at a place in cells."""
        along = place * self.cell
        at = f"(0,{along:.3f})" if is_query else f"({along:.3f},{self.height:.3f})"
        turned = "" if is_query else "rotate=90,"
        return f"\\node[{turned}anchor=east,font=\\{size}] at {at} {{{text}}};"


def define_colors(amap: AttentionMap, scales: HeadScales) -> Iterator[str]:
    """The definitions of the colors that cells have: w of weights, d of differences."""
    used: dict[tuple[str, int], Bytes] = {}
    for j in range(amap.n_head):
        scale = scales.of_head(j)
        name = scale_name(scales, scale)
        for level in np.unique(scale.levels(amap.weights[:, j])).tolist():
            used[name, level] = scale.palette.rgb[level]
    for (name, level), color in sorted(used.items(), key=lambda item: item[0]):
        red, green, blue = color.tolist()
        yield f"\\definecolor{{{name}{level}}}{{RGB}}{{{red},{green},{blue}}}"


def scale_name(scales: HeadScales, scale: ColorScale) -> str:
    """The first part of the names of the colors of a scale."""
    return "attnvizw" if scale is scales.weights else "attnvizd"


def ink_name(rgb: Bytes) -> str:
    """Black or white, whichever can be read on this color.    [3]"""
    red, green, blue = map(int, rgb)
    return "black" if contrast_ink((red, green, blue)) == (0, 0, 0) else "white"


def text_node(text: str, size: str, width: float, above: float) -> str:
    """A text in lines of this width, `above` cm above a panel."""
    place = f"font=\\{size},text width={width:.3f}cm] at (0,{-above:.3f})"
    node = "anchor=south west,align=left,inner xsep=0pt,inner ysep=1.5pt"
    return f"\\node[{node},{place} {{{escape_latex(text)}}};"


def n_lines(text: str, width: float, letter: float) -> int:
    """The number of lines of a text, given the width of a letter in cm."""
    return ceil(len(text) * letter / width)
