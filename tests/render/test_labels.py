"""Safe text: control, invisible and bidirectional characters are escaped."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from attnviz.render.safe_text import (
    ASCII,
    escape_text,
    escape_token,
    split_graphemes,
    to_ascii,
    truncate,
)
from tests.conftest import HOSTILE

ANY = st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

SHOWN = {
    "cat": "cat",
    " cat": "␣cat",
    "": "∅",
    "\n": "⏎",
    "\r\n\t": "␍⏎␉",
    "\x00\x07\x7f": "␀␇␡",
    "\x1b[31m": "␛[31m",
    "\x9b31m": "<U+009B>31m",
    "\u202eabc": "<U+202E>abc",
    "\u200b": "<U+200B>",
    "\ufeff": "<U+FEFF>",
    "\u2028\u2029": "<U+2028><U+2029>",
    "\U000e0041": "<U+E0041>",
    "\ud800": "<U+D800>",
    "\ufffe": "<U+FFFE>",
    "\u3164": "<U+3164>",
    "a\u00a0b": "a<U+00A0>b",
    "a\u200db": "a<U+200D>b",
    "a\ufe0f": "a<U+FE0F>",
    "\u0301": "◌\u0301",
    "e\u0301": "e\u0301",
    " \u0301": "␣◌\u0301",
    "\u202e\u0301": "<U+202E>◌\u0301",
    "\u0301" * 50: "◌" + "\u0301" * 4 + "…",
    "x" + "\u0301" * 6 + "y": "x" + "\u0301" * 4 + "…y",
    "👩‍👩‍👧‍👦": "👩‍👩‍👧‍👦",
    "❤️": "❤️",
    "👍🏽": "👍🏽",
    "\U0001f3fb": "<U+1F3FB>",  # a skin tone alone has no cells
    "a\U0001f3fb": "a<U+1F3FB>",
    "🇫🇷": "🇫🇷",
    "1️⃣": "1️⃣",
    "中文": "中文",
    "한글": "한글",
    "नमस्ते": "नमस्ते",
    "[red]x[/b]": "[red]x[/b]",
}


@pytest.mark.parametrize("token", SHOWN, ids=ascii)
def test_escapes_of_characters(token):
    assert escape_token(token) == SHOWN[token]


def harmless(escaped):
    return not any(
        c in BIDI or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in escaped
    )


@given(ANY)
def test_any_text_becomes_one_harmless_visible_line(token):
    escaped = escape_token(token)
    assert harmless(escaped)
    assert escaped.split() == [escaped]
    assert cell_len(escaped) > 0
    escaped.encode("utf-8")


def test_the_property_can_fail():
    assert not harmless("\x1b[31m") and not harmless("\u202e")


@given(ANY)
def test_escaping_twice_changes_nothing(token):
    once = escape_token(token)
    assert escape_token(once) == once


def test_spaces_stay_in_a_title():
    assert escape_text("The cat\x1b") == "The cat␛"


@given(ANY)
def test_ascii_is_ascii(token):
    escaped = to_ascii(escape_token(token))
    assert escaped.isascii() and escaped.isprintable() and escaped


@given(ANY)
def test_graphemes_put_together_are_the_text(token):
    escaped = escape_token(token)
    assert "".join(split_graphemes(escaped)) == escaped


@pytest.mark.parametrize("whole", ["👩‍👩‍👧‍👦", "🇫🇷", "e\u0301", "❤️", "각"])
def test_graphemes_and_escapes_are_never_cut(whole):
    assert list(split_graphemes("a" + whole + "b")) == ["a", whole, "b"]


@given(ANY, st.integers(0, 12))
def test_fitted_text_fits(token, width):
    escaped = escape_token(token)
    short = truncate(escaped, width, cell_len)
    assert cell_len(short) <= width
    if short != escaped and width:
        assert short.endswith("…") and escaped.startswith(short[:-1])


def test_fitted_fills_the_width():
    assert truncate("attention", 5) == "atte…"
    assert truncate("attention", 9) == "attention"
    assert truncate("中文字", 4, cell_len) == "中…"
    assert truncate("attention", 4, cut="~") == "att~"
    assert truncate("attention", 0) == ""


@pytest.mark.parametrize(
    "text", ["🇫", "a\u0301", "👩\u200d", "\u200d", "a", "\u1100", "\u202e"], ids=ascii
)
def test_the_cost_of_a_long_label_grows_with_its_length(text):
    n_measured = []

    def measure(part):
        n_measured.append(len(part))
        return len(part)

    escaped = escape_text(text * 9_000)
    assert len(escaped) <= 9 * len(text) * 9_000
    shown = truncate(escaped, 40, measure)
    assert len(shown) <= 40
    assert sum(n_measured) <= len(escaped) + 40 * 60
    assert "".join(split_graphemes(escaped)) == escaped


def test_our_own_marks_are_not_escaped():
    """Text of ASCII and of them is returned at once, as it is where other text follows."""
    marks = [chr(code) for code in ASCII]
    assert len(marks) > 40
    for mark in marks:
        assert escape_text(mark) == mark
        assert escape_text(f"a{mark}b é") == f"a{mark}b é"
    assert escape_text("→\u202e·") == "→<U+202E>·"
    assert escape_text("→\u0301") == "→\u0301"
