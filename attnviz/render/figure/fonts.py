"""Letters on paper: which fonts draw them, how wide they are, what stands for those none has."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from unicodedata import category

from attnviz.record import Record
from attnviz.render.safe_text import ASCII, ascii_only, fitted

FIRST = "DejaVu Sans"  # comes with matplotlib, so the same picture is made everywhere

# Tried in this order when FIRST lacks a letter; outlines only: coloured bitmaps are not drawn.
OTHERS = (
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

SAID = 8  # missing characters that are named


class Letters(Record):
    """The fonts of a picture, and the characters that none of them can draw."""

    families: tuple[str, ...] = (FIRST,)
    missing: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()  # missing too, but they have a plainer form

    @classmethod
    def of(cls, texts: Iterable[str]) -> Letters:
        """The fonts that these texts need, no others."""
        wanted = {char for text in texts for char in text}
        families, missing = [FIRST], lacking(FIRST, wanted)
        for family in OTHERS if missing else ():
            left = lacking(family, missing) if family in installed() else missing
            if left != missing:
                families.append(family)
                missing = left
        marks = frozenset(char for char in missing if ord(char) in ASCII)
        return cls(tuple(families), frozenset(missing) - marks, marks)

    @property
    def complaint(self) -> str:
        """The characters that are missing, in a sentence."""
        numbers = sorted(f"U+{ord(char):04X}" for char in self.missing)
        some = ", ".join(numbers[:SAID]) + ("…" if len(numbers) > SAID else "")
        return (
            f"no installed font has an outline for {some}; the picture shows numbers in their "
            "place. The Noto fonts have most, Noto Emoji for emoji; SVG needs no font here"
        )

    def spelled(self, text: str) -> str:
        """The text with the numbers of those characters that no font has: U+4E2D."""
        text = "".join(ascii_only(c) if c in self.marks else c for c in text)
        if self.missing.isdisjoint(text):
            return text
        return " ".join("".join(map(self.stands_for, text)).split())

    def stands_for(self, char: str) -> str:
        """What is drawn for a character; what only joins others is left out."""
        if category(char) == "Cf" or (char in self.missing and category(char) == "Mn"):
            return ""
        return f" U+{ord(char):04X} " if char in self.missing else char

    def cut(self, text: str, points: float, width: float) -> str:
        """The text, spelled, in no more than `width` inches of type of this size."""
        room = max(0, int(width * 72000 / points))
        return fitted(self.spelled(text), room, measure)


def width_of(text: str, points: float) -> float:
    """How wide a text is in type of this size, in inches."""
    return measure(text) * points / 72000


def measure(text: str) -> int:
    """How wide a text is, in thousandths of the size of its type."""
    return sum(map(advance, text))


@cache
def advance(char: str) -> int:
    """How far a character moves the pen, in thousandths; one that FIRST lacks is a square."""
    font = face(FIRST)
    if category(char) in ("Cf", "Mn", "Me"):
        return 0
    if not font.get_char_index(ord(char)):
        return 1000
    return round(font.load_char(ord(char)).linearHoriAdvance / 65536 * 10)  # it is set at 100


@cache
def face(family: str) -> Any:
    """The font file of a family, opened."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont(FontProperties(family=[family])))
    font.set_size(100, 72)
    return font


def lacking(family: str, chars: Iterable[str]) -> set[str]:
    """Those characters that a family has no glyph for."""
    font = face(family)
    return {char for char in chars if not font.get_char_index(ord(char))}


@cache
def installed() -> frozenset[str]:
    """The families that there are on this machine."""
    from matplotlib.font_manager import fontManager

    return frozenset(entry.name for entry in fontManager.ttflist)
