"""Fonts: font fallback, text widths, and code points for characters that no font covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any
from unicodedata import category

from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.record import Record
from attnviz.render.safe_text import ASCII, to_ascii, truncate

# "max weight cat → sat 0.50", "alibi − causal · JS < 0.001 bits"
NUMBER_AT_END = re.compile(
    r"(?: · JS)?(?: [<>])? [-+−]?\d[\d.]*(?:e[-+]?\d+)?%?(?: of [\d.]+)?(?: bits)?$"
)
DEFAULT_FAMILY = "DejaVu Sans"  # comes with matplotlib: the same figure on every machine

# Tried in this order for characters that the default lacks. Outline fonts only: matplotlib
# does not draw color bitmaps.
FALLBACK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "SimHei",
    "IPAexGothic",
    "NanumGothic",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Sans Hebrew",
    "Noto Sans Arabic",
    "Nirmala UI",
    "Leelawadee UI",
    "Arial Unicode MS",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
    "Apple Symbols",
    "Noto Sans Symbols",
    "Noto Sans Symbols 2",
    "Symbola",
    "FreeSans",
    "Unifont",
)

MAX_LISTED = 8  # missing characters in the warning


MEASURED_FAMILY = ContextVar("measured_family", default=DEFAULT_FAMILY)


class Family(Record):
    """An installed font family."""

    name: str


class FontSet(Record):
    """The font families of a figure, and the characters that none of them covers."""

    families: tuple[str, ...] = (DEFAULT_FAMILY,)
    missing: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()  # not covered either, but with an ASCII form

    @classmethod
    def of(cls, texts: Iterable[str], font: str | None = None) -> FontSet:
        """The families needed by these texts, the requested one first."""
        chars = {char for text in texts for char in text}
        first = dict.fromkeys(filter(None, (font, DEFAULT_FAMILY)))
        families, missing = cover(chars, (*first, *FALLBACK_FAMILIES))
        marks = {char for char in missing if ord(char) in ASCII}
        if missing - marks and add_new_fonts():
            families, missing = cover(chars, (*first, *FALLBACK_FAMILIES))
            marks &= missing
        families = tuple(dict.fromkeys((*first, *families)))
        return cls(families, frozenset(missing - marks), frozenset(marks))

    @property
    def warning(self) -> str:
        """The warning about missing characters."""
        points = sorted(f"U+{ord(char):04X}" for char in self.missing)
        listed = ", ".join(points[:MAX_LISTED]) + ("…" if len(points) > MAX_LISTED else "")
        return (
            f"no installed font covers {listed}; the figure shows code points instead. "
            "Noto fonts cover most scripts (emoji: Noto Emoji); SVG uses the fonts of its viewer"
        )

    def substitute(self, text: str) -> str:
        """The text with code points (U+4E2D) for missing characters."""
        text = "".join(to_ascii(c) if c in self.marks else c for c in text)
        if self.missing.isdisjoint(text):
            return text
        return " ".join("".join(map(self.substitute_char, text)).split())

    def substitute_char(self, char: str) -> str:
        """The code point of a missing character; joiners and missing marks are removed."""
        if category(char) == "Cf" or (char in self.missing and category(char) == "Mn"):
            return ""
        return f" U+{ord(char):04X} " if char in self.missing else char

    def truncate(self, text: str, points: float, width: float) -> str:
        """The substituted text, truncated to `width` inches at this font size."""
        advance = max(0, int(width * 72000 / points))
        return truncate(self.substitute(text), advance, text_advance)

    def shorten(self, text: str, points: float, width: float) -> str:
        """The substituted text in `width` inches: its words are cut, the number at its end is not.

        Empty where not even the number fits.
        """
        number = NUMBER_AT_END.search(text)
        if number is None or text_width(self.substitute(text), points) <= width:
            return self.truncate(text, points, width)
        words, room = text[: number.start()], width - text_width(number[0], points)
        return self.truncate(words, points, room) + number[0] if room >= 0 else ""


def cover(chars: set[str], families: Iterable[str]) -> tuple[tuple[str, ...], set[str]]:
    """The families that are needed, in this order, and the characters that all of them lack."""
    needed, missing = [], chars
    for family in families:
        left = missing_chars(family, missing) if family in installed_families() else missing
        if left != missing:
            needed.append(family)
            missing = left
        if not missing:
            break
    return tuple(needed), missing


def text_width(text: str, points: float) -> float:
    """The width of a text at this font size, in inches."""
    return text_advance(text) * points / 72000


def text_advance(text: str) -> int:
    """The width of a text, in thousandths of the font size."""
    family = MEASURED_FAMILY.get()
    return sum(char_advance(char, family) for char in text)


@contextmanager
def measured_in(family: str | None) -> Iterator[None]:
    """Measure text in this family, in this thread; None: in the default one."""
    token = MEASURED_FAMILY.set(family or DEFAULT_FAMILY)
    try:
        yield
    finally:
        MEASURED_FAMILY.reset(token)


@cache
def char_advance(char: str, family: str = DEFAULT_FAMILY) -> int:
    """The advance width of a character, in thousandths; 1000 if the default font lacks it."""
    if category(char) in ("Cf", "Mn", "Me"):
        return 0
    font = load_font(family)
    if not font.get_char_index(ord(char)):
        return 1000 if family == DEFAULT_FAMILY else char_advance(char)
    return round(
        font.load_char(ord(char)).linearHoriAdvance / 65536 * 10
    )  # the font is set to 100 points


@cache
def load_font(family: str) -> Any:
    """The font of a family, at 100 points."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont(FontProperties(family=[family])))
    font.set_size(100, 72)
    return font


def missing_chars(family: str, chars: Iterable[str]) -> set[str]:
    """The characters without a glyph in this family."""
    font = load_font(family)
    return {char for char in chars if not font.get_char_index(ord(char))}


def installed_families() -> frozenset[str]:
    """The font families that matplotlib knows."""
    from matplotlib.font_manager import fontManager

    return frozenset(entry.name for entry in fontManager.ttflist)


@cache
def add_new_fonts() -> bool:
    """Add fonts that were installed after matplotlib made its list of them.

    Returns whether there are such fonts.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    n_known = len(known)
    for path in sorted({*findSystemFonts()} - known):
        with suppress(Exception):  # a file that cannot be read is no font
            fontManager.addfont(path)
    return len(fontManager.ttflist) > n_known


def find_family(name: str) -> str:
    """The installed family of this name; UnknownNameError suggests similar names.

    Raises MisuseError for a font without outlines, such as one of colored pictures.
    """
    if name not in installed_families():
        add_new_fonts()
    rows = [Family(family) for family in sorted(installed_families())]
    family = find_by_name(rows, name, "font").name
    try:
        load_font(family)
    except (RuntimeError, OSError):
        raise MisuseError(f"font {family!r} cannot be drawn; use one with outlines") from None
    return family
