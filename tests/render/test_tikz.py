"""TikZ pictures: every weight, text as LaTeX sets it, options."""

from __future__ import annotations

import re

import numpy as np
import pytest

import attnviz
from attnviz.errors import MisuseError
from attnviz.render.colors import ColorScale
from attnviz.render.data.text_table import escape_latex
from attnviz.render.figure.tikz import MAX_CELLS
from attnviz.render.formats import find_format
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map

FILL = re.compile(r"\\fill\[attnviz([wd])(\d+)\] \(([\d.]+),([\d.]+)\)")
NUMBER = re.compile(r"\\node\[text=(?:black|white),font=\\tiny\].*\{(.*)\};")
COLOR = re.compile(r"\\definecolor\{attnviz([wd])(\d+)\}\{RGB\}\{(\d+),(\d+),(\d+)\}")


def picture(amap, **style):
    """The picture of a map."""
    return find_format("tikz").render(amap, Style(**style)).decode()


def nodes(text):
    """The texts of all nodes."""
    return re.findall(r"\\node\[.*?\{(.*)\};$", text, re.M)


def test_every_visible_weight_is_a_cell_in_its_color():
    amap = attnviz.look("the cat sat on the mat", variant="causal", heads=2)
    text = picture(amap)
    colors = {(m[0], m[1]): tuple(map(int, m[2:])) for m in COLOR.findall(text)}
    drawn = [colors[m[0], m[1]] for m in FILL.findall(text)]
    scale = ColorScale.of(amap.weights)
    visible = np.tril(np.ones((6, 6), bool))
    expected = [
        tuple(rgb) for head in amap.weights[0] for rgb in scale.rgb(head[visible]).tolist()
    ]
    assert drawn == expected
    assert text.count("\\fill[masked]") == text.count("\\draw[hatch]") == 2 * 15
    shown = [f"{weight:.2f}" for head in amap.weights[0] for weight in head[visible]]
    assert NUMBER.findall(text) == shown
    assert {"head 0", "head 1", "the", "query", "key", "weight"} <= {*nodes(text)}


def test_tokens_are_text_and_no_commands():
    tokens = [*HOSTILE, "\\input{x}", "%", "a&b", "$x$", "}{"]
    text = picture(make_map(tokens, n_head=1), title="\\end{document} %", annotate=False)
    labels = nodes(text)
    assert all(escape_latex(escape_token(token)) in labels for token in tokens)
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    body = text.partition("\\begin{tikzpicture}")[2]
    assert "\\input" not in body and body.count("\\end{document}") == 0
    assert not re.search(r"(?<!\\)[%$&#]", re.sub(r"\$\\[a-z]+\$|\$-\$", "", body))


@pytest.mark.parametrize(
    ("style", "absent", "present"),
    [
        ({"show_title": False}, "multihead", "head 0"),
        ({"show_colorbar": False}, "{weight}", "head 0"),
        ({"title": "A_b"}, "multihead", r"A\_b"),
        ({"percent": True}, "{0.", r"\%}"),
        ({"precision": 3}, "nothing", "0.1"),
        ({"highlight": ("cat", "the (0)")}, "nothing", r"\draw[frame]"),
    ],
    ids=str,
)
def test_options_act(style, absent, present):
    if "highlight" in style:
        style = {"highlight": ("cat", (0, 2))}
    text = picture(attnviz.look("the cat sat"), **style)
    assert absent not in text.partition("tikzpicture")[2] and present in text


def test_a_picture_is_a_document_alone_and_none_in_a_document():
    text = picture(make_map())
    assert text.count("\\ifdefined\\tikzpicture") == 1 and text.endswith("\\attnvizend\n")
    assert text == picture(make_map())


def test_too_many_cells_are_refused():
    side = int(MAX_CELLS**0.5) + 1
    with pytest.raises(MisuseError, match=f"up to {MAX_CELLS:,} cells"):
        picture(make_map(["t"] * side, n_head=1))
