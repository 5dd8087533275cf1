"""The one door between foreign text and eyes: nothing invisible, nothing that moves a cursor.

Data formats keep the true text; whatever draws a token calls `printable` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from unicodedata import category

EMPTY, SPACE, NEWLINE, CUT, CIRCLE = "∅", "␣", "⏎", "…", "◌"
MOST_MARKS = 4  # on one letter; living scripts need no more

# No glyph of their own, whatever their category says: fillers, selectors, a blank pattern.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
UNSEEN_KINDS = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
SELECTORS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
JOINING_JAMO = re.compile("[\u1161-\u11ff\ud7b0-\ud7fb]")

# Joiners and selectors may stay where they make one emoji out of several, and nowhere else.
PICTURE = "[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
EMOJI = f"{PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
PIECE = re.compile(
    "(?P<whole>[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f\u20e3"
    f"|{EMOJI}(?:\u200d{EMOJI}){{0,7}})|(?s:.)"
)

CARETS = {chr(0x2400 + code): f"^{chr(0x40 + code)}" for code in range(32)}
PLAINER = {
    **{"␡": "^?", EMPTY: "()", SPACE: "_", NEWLINE: "\\n", CUT: "~", CIRCLE: "o"},
    **{"→": "->", "←": "<-", "↓": "v", "·": ".", "–": "-", "−": "-", "×": "x"},
    **{"│": "|", "─": "-", "┼": "+"},
    **{"√": "sqrt ", "Σ": "sum", "≤": "<=", "≥": ">="},
}
ASCII = str.maketrans(CARETS | PLAINER)


def printable(token: str) -> str:
    """A token as one visible line.

    Controls become pictures (␛) or numbers (<U+009B>), so does all that is invisible or turns
    the writing direction; a space is ␣, a newline ⏎, nothing at all ∅.

    >>> printable("\\x1b[0m cat\\u202e")
    '␛[0m␣cat<U+202E>'
    """
    return one_line(token).replace(" ", SPACE) or EMPTY


def one_line(text: str) -> str:
    """Foreign text that is no token (a title, a file name): as `printable`, but spaces stay."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks, on_letter = 0, False
    for piece in PIECE.finditer(text):
        char = piece[0]
        if joins(char):
            marks += 1
            shown += [] if on_letter or marks > 1 else [CIRCLE]
            shown += [char] if marks <= MOST_MARKS else [CUT] if marks == MOST_MARKS + 1 else []
            continue
        seen = char if piece["whole"] else visible(char)
        marks, on_letter = 0, seen == char and char != " "
        shown.append(seen)
    return "".join(shown)


def visible(char: str) -> str:
    """One character, or the picture or number that stands for it."""
    if char == "\n":
        return NEWLINE
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "␡"
    return f"<U+{ord(char):04X}>" if char != " " and unseen(char) else char


def unseen(char: str) -> bool:
    """Whether a character leaves no trace of its own, or one that cannot be foreseen."""
    return (
        category(char) in UNSEEN_KINDS or char in UNSEEN or SELECTORS.fullmatch(char) is not None
    )


def joins(char: str) -> bool:
    """Whether a character is drawn onto the one before it."""
    if len(char) > 1 or unseen(char):
        return False
    return category(char).startswith("M") or JOINING_JAMO.fullmatch(char) is not None


def ascii_only(text: str) -> str:
    """What is left of printable text where only ASCII can be shown: our marks, then \\u codes.

    >>> ascii_only("␛[0m␣é")
    '^[[0m_\\\\xe9'
    """
    return text.translate(ASCII).encode("ascii", "backslashreplace").decode("ascii")


def graphemes(text: str) -> Iterator[str]:
    """Printable text in units that must not be cut: a letter with its marks, an emoji."""
    unit = ""
    for piece in PIECE.finditer(text):
        if unit and not joins(piece[0]):
            yield unit
            unit = ""
        unit += piece[0]
    if unit:
        yield unit


def fitted(text: str, width: int, measure: Callable[[str], int] = len, cut: str = CUT) -> str:
    """Printable text in no more than `width`, cut between graphemes and marked where cut.

    `measure` says how wide a text is: its length, or the cells it takes in a terminal.

    >>> fitted("attention", 5)
    'atte…'
    """
    if measure(text) <= width:
        return text
    room, kept = width - measure(cut), ""
    for grown in takewhile(lambda t: measure(t) <= room, growing(text)):
        kept = grown
    return kept + cut if room >= 0 else ""


def growing(text: str) -> Iterator[str]:
    """Longer and longer beginnings of a text, a grapheme at a time."""
    kept = ""
    for unit in graphemes(text):
        kept += unit
        yield kept
