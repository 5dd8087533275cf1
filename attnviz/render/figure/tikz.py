r"""TikZ: the heat maps as a picture of LaTeX, with real text and one rectangle per cell.

The file is a tikzpicture for `\input` in a document that loads the package tikz; compiled alone,
it is a document of one page. Lengths are in centimetres, downwards.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.data.text_table import escape_latex, notes_of
from attnviz.render.figure.drawable import MASK_PALETTE, figure_title
from attnviz.render.figure.highlight import find_highlights
from attnviz.render.figure.tikz_panel import TikzPanel, define_colors, n_lines, text_node
from attnviz.render.head_scales import HeadScales
from attnviz.render.row_remainder import Remainder
from attnviz.render.safe_text import escape_text
from attnviz.render.scaling import Scaling
from attnviz.render.style import SEPARATOR, Style

MAX_CELLS = 10_000  # beyond them, TeX takes minutes or runs out of memory
MAX_WIDTH = 16.0  # of all panels, the text of an A4 page
GAP, LEAST_WIDTH = 0.35, 8.0  # between panels; of the title
NOTE_LINE, NOTE_LETTER = 0.33, 0.13  # of notes
BAR_WIDTH, BAR_HEIGHT, BAR_PITCH, N_BAR_COLOR = 0.3, 4.0, 1.9, 64
START = r"""\ifdefined\tikzpicture\let\attnvizend\relax\else % compiled alone
\IfFileExists{standalone.cls}{\documentclass[border=2pt]{standalone}}
 {\documentclass{article}\usepackage[a3paper,margin=1cm]{geometry}\pagestyle{empty}}
\usepackage{tikz}\begin{document}\noindent\def\attnvizend{\end{document}}\fi
\begin{tikzpicture}[x=1cm,y=-1cm,inner sep=1.5pt,
 masked/.style={fill=black!8},hatch/.style={draw=black!25,line width=0.3pt},
 frame/.style={draw=black,line width=1pt},outline/.style={draw=black!30,line width=0.4pt}]
"""
END = "\\end{tikzpicture}\n\\attnvizend\n"


def tikz(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """The picture, line by line.

    Raises MisuseError for more cells than TeX draws, and for highlights that the map lacks.
    """
    if amap.weights.size > MAX_CELLS:
        raise MisuseError(
            f"a TikZ picture holds up to {MAX_CELLS:,} cells, this map has {amap.weights.size:,}; "
            "select with --layer and --head, or write a pdf"
        )
    palette = style.palette or (MASK_PALETTE if amap.is_mask else None)
    scales = HeadScales.of(amap, palette, scaling=Scaling.of(amap, style, "matrix"))
    panel = TikzPanel.of(amap, style, scales, find_highlights(amap, style.highlight))
    columns = panel_columns(amap, style, panel)
    return (f"{line}\n".encode() for line in picture_lines(amap, style, scales, panel, columns))


def picture_lines(
    amap: AttentionMap, style: Style, scales: HeadScales, panel: TikzPanel, columns: int
) -> Iterator[str]:
    """The lines of the file."""
    for name, value in style.made_by.items():
        yield f"% {name}: {escape_text(value)}"
    yield r"% \usepackage{tikz}, then \input this file; or compile it alone, with lualatex for"
    yield "% tokens of other scripts than Latin ones"
    yield START.rstrip("\n")
    yield from define_colors(amap, scales)
    width, height = panel.width + GAP, panel.height + panel.top + GAP
    for number, at in enumerate(panel.head_indices()):
        row, column = divmod(number, columns)
        is_last = number + columns >= amap.n_layer * amap.n_head
        yield f"\\begin{{scope}}[shift={{({column * width:.3f},{row * height:.3f})}}]"
        yield from panel.lines(at, has_queries=column == 0, has_keys=is_last)
        yield "\\end{scope}"
    right = min(columns, amap.n_layer * amap.n_head) * width - GAP
    yield from title_lines(amap, style, scales, right, panel.top + 0.1)
    if style.show_colorbar and not amap.is_mask:
        yield from colorbars(scales, style, right)
    yield END.rstrip("\n")


def panel_columns(amap: AttentionMap, style: Style, panel: TikzPanel) -> int:
    """The number of panels side by side; several layers have one row each."""
    n = amap.n_layer * amap.n_head
    if style.columns is not None:
        if n == 1:
            raise MisuseError("--columns has no effect on one panel")
        return min(style.columns, n)
    if amap.n_layer > 1 and amap.n_head > 1:
        return amap.n_head
    return min(n, max(1, int((MAX_WIDTH + GAP) / (panel.width + GAP))))


def title_lines(
    amap: AttentionMap, style: Style, scales: HeadScales, width: float, above: float
) -> Iterator[str]:
    """The title, and below it the notes on the weights and the legend, above the panels."""
    masked, remainder = amap.masked, Remainder.of(amap)
    legend = (
        *notes_of(amap),
        "hatched: masked" if masked is not None else "",
        scales.outside_note(amap.weights, np.asarray(False if masked is None else masked)),
        remainder.meaning if remainder else "",
    )
    notes = escape_text(SEPARATOR.join(filter(None, legend)))
    wide = max(width, LEAST_WIDTH)
    if notes:
        yield text_node(notes, "scriptsize", wide, above)
        above += n_lines(notes, wide, NOTE_LETTER) * NOTE_LINE
    title = figure_title(amap, style) if style.show_title else ""
    if title:
        yield text_node(title, "normalsize", wide, above)


def colorbars(scales: HeadScales, style: Style, right: float) -> Iterator[str]:
    """Each color scale as a bar, with its name and the weights at its ends and its middle."""
    for number, (name, scale) in enumerate(scales.by_name.items()):
        left, step = right + 0.6 + number * BAR_PITCH, BAR_HEIGHT / N_BAR_COLOR
        for i in range(N_BAR_COLOR):
            red, green, blue = scale.palette.rgb[round(255 * (1 - i / (N_BAR_COLOR - 1)))].tolist()
            below = step * (1.1 if i < N_BAR_COLOR - 1 else 1.0)  # no seams between them
            yield (
                f"\\fill[fill={{rgb,255:red,{red};green,{green};blue,{blue}}}] "
                f"({left:.3f},{i * step:.4f}) rectangle ++({BAR_WIDTH},{below:.4f});"
            )
        ends = (-1.0, 0.0, 1.0) if scale.is_centered else (0.0, 0.5, 1.0)
        for place, end in zip((1.0, 0.5, 0.0), ends, strict=True):
            weight = float(scale.weights_at(np.array(end)))
            shown = f"{100 * weight:.3g}%" if style.percent else f"{weight:.3g}"
            text = escape_latex(shown.replace("-", "−"))
            at = f"({left + BAR_WIDTH:.3f},{place * BAR_HEIGHT:.3f})"
            yield f"\\node[anchor=west,font=\\tiny] at {at} {{{text}}};"
        label = f"{name} ({scale.norm.label})" if scale.norm.label else name
        at = f"({left + 1.1:.3f},{BAR_HEIGHT / 2:.3f})"
        yield f"\\node[rotate=90,font=\\scriptsize] at {at} {{{escape_latex(label)}}};"
