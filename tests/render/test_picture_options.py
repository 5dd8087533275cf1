"""Options of pictures: ground, type, math, highlights, percentages, columns, zoom."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

import attnviz
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.render.colors import luminance
from attnviz.render.figure import fonts
from attnviz.render.figure.dark import GROUND
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from attnviz.render.views import VIEWS
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.consoles import printed
from tests.render.pictures import bar, draw, heads, texts, words

FIGURES = [view.name for view in VIEWS if view.figure]
TEXT = "the cat sat on the mat"


def contrast(color, ground=GROUND):
    """The contrast of two colors (WCAG 2)."""
    light, dark = sorted(
        (luminance(tuple(255 * c for c in to_rgb(each))) + 0.05 for each in (color, ground)),
        reverse=True,
    )
    return light / dark


def beside_cells(figure):
    """The texts that stand on the ground: those on cells are black or white."""
    on_cells = {(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)}
    return [text for text in texts(figure) if to_rgb(text.get_color()) not in on_cells]


@pytest.mark.parametrize("view", FIGURES)
def test_text_is_readable_on_a_dark_ground(view):
    amap = attnviz.look(TEXT, variant="sigmoid", mask="causal")
    figure = draw(amap, view=view, dark=True)
    assert to_rgb(figure.get_facecolor()) == to_rgb(GROUND)
    found = beside_cells(figure)
    assert found and min(contrast(text.get_color()) for text in found) > 4.5
    light = beside_cells(draw(amap, view=view))
    assert min(contrast(text.get_color()) for text in light) < 4.5  # twin
    assert min(contrast(text.get_color(), "white") for text in light) > 4.5


def test_the_high_end_of_a_palette_stands_out_from_a_dark_ground():
    for view in FIGURES:
        figure = draw(make_map(), view=view, dark=True)
        if view != "rows":
            high = bar(figure).images[0].get_array()[-1, 0]
            assert contrast(tuple(high / 255)) > 4.5


@pytest.mark.parametrize("name", ["png", "svg", "pdf"])
def test_a_transparent_picture_has_no_ground(name):
    amap = make_map()
    opaque, clear = (
        find_format(name).render(amap, Style(transparent=clear)) for clear in (False, True)
    )
    assert opaque != clear
    if name == "png":
        from io import BytesIO

        from matplotlib.image import imread

        assert imread(BytesIO(clear))[0, 0, 3] == 0 < imread(BytesIO(opaque))[0, 0, 3]


def test_what_is_left_out_is_absent():
    captions = {(0, 0): "caption", (0, 1): "caption"}
    whole = draw(make_map(), title="title", captions=captions)
    assert {"title", "caption"} <= set(words(whole)) and bar(whole)
    bare = draw(make_map(), title="title", show_title=False, show_colorbar=False)
    assert "title" not in words(bare)
    assert not [axes for axes in bare.axes if axes.get_label() == "colorbar"]
    made = run(TEXT, "--no-title", "--no-caption")
    assert made.status == 0 and "multihead" not in made.out.splitlines()[0]
    assert "max weight" not in made.out and "max weight" in run(TEXT).out


def test_math_is_typeset_on_request_only():
    formula = r"a $\frac{Q K^\top}{\sqrt{d}}$"
    (title,) = [
        text for text in texts(draw(make_map(), title=formula, math=True)) if "$" in str(text)
    ]
    assert title.get_parse_math()
    plain = [text for text in texts(draw(make_map(), title=formula)) if "$" in str(text)]
    assert not plain[0].get_parse_math()
    long = draw(make_map(), title=f"{formula} " * 9, math=True)
    (title,) = [text for text in long.texts if text.get_label() == "title"]
    box = title.get_window_extent()
    assert box.x1 <= long.bbox.x1 and box.y1 <= long.bbox.y1


@pytest.mark.parametrize("title", [None, "no math", "$a", r"$\frac$"])
def test_titles_that_cannot_be_typeset_are_refused(title):
    with pytest.raises(MisuseError, match=r"^math "):
        draw(make_map(), title=title, math=True)


def frames(axes):
    """The boxes of highlights: left, top, width, height."""
    found = [p for p in axes.patches if isinstance(p, Rectangle) and p.get_label() == "highlight"]
    return {(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in found}


@pytest.mark.parametrize("view", ["matrix", "rows"])
def test_highlights_frame_rows_and_cells(view):
    figure = draw(make_map(), view=view, highlight=("cat", "sat,The", (0, 2)))
    expected = {(-0.5, 0.5, 3, 1), (-0.5, 1.5, 1, 1), (1.5, -0.5, 1, 1)}
    assert all(frames(axes) == expected for axes in heads(figure))
    assert frames(heads(draw(make_map(), view=view))[0]) == set()


def test_lines_beside_highlighted_ones_are_pale():
    figure = draw(make_map(), view="lines", highlight=("cat,sat", "The"))
    (lines,) = heads(figure)[0].collections
    ends = [(path.vertices[0, 1] - 1, path.vertices[1, 1] - 1) for path in lines.get_paths()]
    opaque = {end for end, alpha in zip(ends, lines.get_alpha(), strict=True) if alpha == 1}
    assert opaque == {(1, 2), (0, 0), (0, 1), (0, 2)}


@pytest.mark.parametrize("highlight", ["dog", "cat,dog", (3, None), (0, 3), (-1, 0)])
def test_highlights_of_absent_tokens_are_refused(highlight):
    with pytest.raises(MisuseError):
        draw(make_map(), highlight=(highlight,))


def test_a_comma_is_a_token():
    figure = draw(make_map([",", "a", "b"]), highlight=(",", ",,a"))
    assert frames(heads(figure)[0]) == {(-0.5, -0.5, 3, 1), (0.5, -0.5, 1, 1)}


def test_percentages():
    amap = make_map(n_head=1)
    figure, text = draw(amap, percent=True), printed(amap, percent=True)
    of_cells = [f"{weight:.0%}" for weight in amap.weights.ravel()]
    assert sorted(word for word in words(heads(figure)[0].figure) if word in of_cells) == sorted(
        of_cells
    )
    assert bar(figure).get_yticklabels()[-1].get_text().endswith("%")
    assert re.findall(r"\d+%", text)[:9] == of_cells
    signed = attnviz.look(TEXT, variant="cog")
    assert any(
        word.startswith("−") and word.endswith("%") for word in words(draw(signed, percent=True))
    )
    assert "+0%" not in printed(signed, 160, percent=True)
    made = run("a b", "-f", "md", "--percent", "--precision", "1")
    assert re.search(r"\| \d+\.\d% \|", made.out)


@pytest.mark.parametrize("columns", [1, 2, 3, 9])
def test_panels_side_by_side(columns):
    figure = draw(make_map(n_head=6), columns=columns, annotate=False)
    lefts = {round(axes.get_position().x0, 3) for axes in heads(figure)}
    assert len(lefts) == min(columns, 6)


def test_a_zoom_changes_the_size_and_nothing_else():
    amap = make_map()
    sizes = {}
    for zoom in (1.0, 2.0):
        style = Style(zoom=zoom)
        svg = find_format("svg").render(amap, style)
        pdf = find_format("pdf").render(amap, style)
        png = find_format("png").render(amap, style)
        sizes[zoom] = [
            float(re.search(rb'width="([\d.]+)pt"', svg)[1]),
            float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf)[1]),
            int.from_bytes(png[16:20], "big"),
        ]
        assert pdf == find_format("pdf").render(amap, style)
    assert np.allclose(np.array(sizes[2.0]) / sizes[1.0], 2, rtol=1e-3)
    with pytest.raises(MisuseError, match="zoom=9 makes an image of"):
        find_format("png").render(amap, Style(zoom=9, dpi=700))


def test_a_requested_font_is_drawn_and_measured():
    figure = draw(make_map(), font="dejavu serif")
    assert {text.get_fontname() for text in texts(figure)} == {"DejaVu Serif"}
    with fonts.measured_in("DejaVu Serif"):
        serif = fonts.text_advance("mimi")
    assert serif != fonts.text_advance("mimi")
    with pytest.raises(UnknownNameError, match="Did you mean 'DejaVu Serif'"):
        draw(make_map(), font="DejaVu Serifs")


def test_fonts_installed_after_the_list_of_matplotlib_are_found(monkeypatch):
    """The list without a family is that of a time when it was not installed."""
    manager, lost = font_manager.fontManager, "DejaVu Serif"
    monkeypatch.setattr(manager, "ttflist", [e for e in manager.ttflist if e.name != lost])
    paths = [e.fname for e in font_manager.FontManager().ttflist if e.name == lost]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: paths)
    fonts.add_new_fonts.cache_clear()
    assert lost not in fonts.installed_families()
    assert fonts.find_family(lost) == lost
    fonts.add_new_fonts.cache_clear()


def test_thinned_axes_number_tokens_that_repeat():
    repeated = attnviz.look(" ".join(["the", "cat", "saw"] * 30), heads=1)
    (axes,) = heads(draw(repeated, size=(5, 5)))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    positions = axes.get_yticks().astype(int).tolist()
    words_at = [repeated.queries[at].label for at in positions]
    assert labels == [f"{word} ({at})" for word, at in zip(words_at, positions, strict=True)]
    unique = attnviz.look(" ".join(f"w{n}" for n in range(90)), heads=1)
    (axes,) = heads(draw(unique, size=(5, 5)))
    assert axes.get_yticklabels()[1].get_text() == f"w{positions[1]}"
    long = attnviz.look(" ".join(["the", "cat", "saw"] * 130), heads=1)
    (axes,) = heads(draw(long, size=(4, 4)))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [str(at) for at in axes.get_yticks().astype(int)] and len(labels) > 3


@pytest.mark.parametrize("points", ["5", "80"])
def test_font_sizes_out_of_range_are_refused(points):
    made = run(TEXT, "--font-size", points, "-o", "x.png")
    assert made.status == 2 and "must be between 6 and 72 points" in made.err


def test_words_from_right_to_left_do_not_reverse_a_caption():
    amap = make_map(["\u05d0\u05d1", "\u0645\u0631", "cat"], n_head=1)
    captions = {(0, 0): "max weight \u05d0\u05d1 → \u0645\u0631 0.5"}
    (found,) = [word for word in words(draw(amap, captions=captions)) if "max weight" in word]
    assert found == "max weight \u05d0\u05d1\u200e → \u0645\u0631\u200e 0.5"
    plain = {(0, 0): "max weight cat → cat 0.5"}
    assert plain[0, 0] in words(draw(amap, captions=plain))


def test_a_font_without_outlines_is_refused(monkeypatch):
    def fail(family):
        raise RuntimeError("cannot set the size of a bitmap")

    monkeypatch.setattr(fonts, "load_font", fail)
    with pytest.raises(MisuseError, match="'DejaVu Serif' cannot be drawn"):
        fonts.find_family("DejaVu Serif")
