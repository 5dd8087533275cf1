"""Fonts: font fallback, and code points with a warning for missing characters."""

from __future__ import annotations

import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager

from attnviz.errors import AttnvizWarning
from attnviz.render import figure
from attnviz.render.figure import fonts as letters
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map
from tests.render.pictures import draw, words


@pytest.fixture
def bare(monkeypatch):
    """A machine without fonts but ours."""
    monkeypatch.setattr(letters, "FALLBACK_FAMILIES", ())


@pytest.fixture
def fallback(tmp_path, monkeypatch):
    """A machine with a font that has 中, a square, and nothing else."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((900, 0), (900, 800), (100, 800)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord("中"): "square"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular", "psName": "Squares"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "squares.ttf")
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    fontManager.addfont(tmp_path / "squares.ttf")
    monkeypatch.setattr(letters, "FALLBACK_FAMILIES", ("Nobody Has This", "Squares"))
    for remembered in (letters.add_new_fonts, letters.load_font):
        remembered.cache_clear()
    yield "Squares"
    for remembered in (letters.add_new_fonts, letters.load_font):
        remembered.cache_clear()


def test_ordinary_words_need_one_font():
    assert FontSet.of(["The cat", "café", "0.25", "∅Σ−…␣⏎"]) == FontSet()


def test_a_font_with_the_letter_is_used(fallback):
    assert FontSet.of(["中", "cat"]) == FontSet((letters.DEFAULT_FAMILY, fallback))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert b"Squares" in figure.pdf(make_map(["中", "cat"]), Style())
        drawing = figure.svg(make_map(["中", "cat"]), Style()).decode()
    assert "'DejaVu Sans', 'Squares'" in drawing


def test_characters_without_a_font_are_code_points_with_one_warning(bare):
    amap = make_map(["中文", "cat"])
    with pytest.warns(
        AttnvizWarning, match=r"no installed font covers U\+4E2D, U\+6587;"
    ) as warned:
        texts = words(draw(amap))
    assert len(warned) == 1
    assert texts.count("U+4E2D U+6587") == 3  # once beside, once below each of two heads


def test_saving_adds_no_warning(bare):
    for make in (figure.png, figure.pdf):
        with pytest.warns(AttnvizWarning) as warned:
            make(make_map(["中文", "👩‍👩‍👧‍👦"]), Style())
        assert [warning.category for warning in warned] == [AttnvizWarning]


def test_text_as_text_lacks_no_character(bare):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "中文" in words(draw(make_map(["中文", "cat"]), viewer_fonts=True))


def test_marks_have_an_ascii_form(bare):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "^[[0m" in words(draw(make_map(["\x1b[0m", "cat"])))
        assert "^[[0m" in words(draw(make_map(["\x1b[0m", "cat"]), viewer_fonts=True))


def test_joiners_are_removed_with_the_joined_characters(bare):
    font_set = FontSet.of(["👩‍👧"])
    assert font_set.substitute("👩‍👧") == "U+1F469 U+1F467"
    assert font_set.substitute("a👩b") == "a U+1F469 b"


@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_a_cut_text_fits(token):
    escaped = escape_token(token)
    font_set = FontSet.of([escaped])
    assert text_width(font_set.truncate(escaped, 9.0, 0.6), 9.0) <= 0.6
    assert font_set.truncate(escaped, 9.0, 99.0) == font_set.substitute(escaped)


def test_widths_are_those_of_the_font():
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    for text in ("0.25", "attention", "Σ∅−…", "W"):
        wide, _, _ = text_to_path.get_text_width_height_descent(
            text, FontProperties(family=[letters.DEFAULT_FAMILY], size=100), ismath=False
        )
        assert text_width(text, 100.0) * 72 == pytest.approx(wide, rel=0.02)
