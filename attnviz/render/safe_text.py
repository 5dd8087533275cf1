"""Safe text: escapes control and invisible characters of untrusted text before display.

Data formats keep the original text; whatever displays a token calls `escape_token` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from unicodedata import category

EMPTY, SPACE, NEWLINE, ELLIPSIS, DOTTED_CIRCLE = "∅", "␣", "⏎", "…", "◌"
MAX_MARKS = 4  # combining marks per letter; no living script needs more

# Without a glyph, though their category does not say so: fillers, selectors, a blank pattern.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
MODIFIERS = "\U0001f3fb-\U0001f3ff"  # skin tones
SELECTOR = f"[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef{MODIFIERS}]"
JOINING_JAMO = "[\u1161-\u11ff\ud7b0-\ud7fb]"

# Joiners, selectors and modifiers are kept only inside an emoji sequence.
PICTOGRAPH = f"(?![{MODIFIERS}])[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
EMOJI = f"{PICTOGRAPH}\ufe0f?[{MODIFIERS}]?"
GRAPHEME_PART = (
    "(?P<whole>[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f\u20e3"
    f"|{EMOJI}(?:\u200d{EMOJI}){{0,7}})|(?s:.)"
)

CARETS = {chr(0x2400 + code): f"^{chr(0x40 + code)}" for code in range(32)}
ASCII_FORMS = {
    **{"␡": "^?", EMPTY: "()", SPACE: "_", NEWLINE: "\\n", ELLIPSIS: "~", DOTTED_CIRCLE: "o"},
    **{"→": "->", "←": "<-", "↓": "v", "·": ".", "–": "-", "−": "-", "×": "x"},
    **{"│": "|", "─": "-", "┼": "+"},
    **{"√": "sqrt ", "Σ": "sum", "≤": "<=", "≥": ">="},
}
ASCII = str.maketrans(CARETS | ASCII_FORMS)


def escape_token(token: str) -> str:
    """A token as one visible line.

    Control, invisible and bidirectional characters become control pictures (␛) or code points
    (<U+009B>); a space is ␣, a newline ⏎, the empty token ∅.

    >>> escape_token("\\x1b[0m cat\\u202e")
    '␛[0m␣cat<U+202E>'
    """
    return escape_text(token).replace(" ", SPACE) or EMPTY


def escape_text(text: str) -> str:
    """Untrusted text other than a token (title, file name): as `escape_token`, but spaces stay."""
    if text.isprintable() and (text.isascii() or text.translate(ASCII).isascii()):
        return text  # nothing but ASCII and our own marks
    parts: list[str] = []
    marks, on_letter = 0, False
    for piece in re.finditer(GRAPHEME_PART, text):
        char = piece[0]
        if is_combining(char):
            marks += 1
            parts += [] if on_letter or marks > 1 else [DOTTED_CIRCLE]
            parts += [char] if marks <= MAX_MARKS else [ELLIPSIS] if marks == MAX_MARKS + 1 else []
            continue
        form = char if piece["whole"] else visible_form(char)
        marks, on_letter = 0, form == char and char != " "
        parts.append(form)
    return "".join(parts)


def visible_form(char: str) -> str:
    """A character, or the control picture or code point that replaces it."""
    if char == "\n":
        return NEWLINE
    if char < " ":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "␡"
    return f"<U+{ord(char):04X}>" if char != " " and is_invisible(char) else char


def is_invisible(char: str) -> bool:
    """Whether a character has no glyph, or one that depends on the font."""
    return (
        category(char) in INVISIBLE_CATEGORIES
        or char in INVISIBLE
        or re.fullmatch(SELECTOR, char) is not None
    )


def is_combining(char: str) -> bool:
    """Whether a character combines with the one before it."""
    if len(char) > 1 or is_invisible(char):
        return False
    return category(char).startswith("M") or re.fullmatch(JOINING_JAMO, char) is not None


def to_ascii(text: str) -> str:
    """Escaped text in ASCII: plain forms of our own marks, \\u codes for all else.

    >>> to_ascii("␛[0m␣é")
    '^[[0m_\\\\xe9'
    """
    return text.translate(ASCII).encode("ascii", "backslashreplace").decode("ascii")


def split_graphemes(text: str) -> Iterator[str]:
    """Grapheme clusters of escaped text: a letter with its marks, an emoji."""
    unit = ""
    for piece in re.finditer(GRAPHEME_PART, text):
        if unit and not is_combining(piece[0]):
            yield unit
            unit = ""
        unit += piece[0]
    if unit:
        yield unit


def truncate(
    text: str, width: int, measure: Callable[[str], int] = len, cut: str = ELLIPSIS
) -> str:
    """Escaped text in at most `width`, cut between graphemes, with `cut` at the end.

    `measure` is the width of a text: its length, or its cells in a terminal.

    >>> truncate("attention", 5)
    'atte…'
    """
    if measure(text) <= width:
        return text
    limit, longest = width - measure(cut), ""
    for prefix in takewhile(lambda t: measure(t) <= limit, prefixes(text)):
        longest = prefix
    return longest + cut if limit >= 0 else ""


def prefixes(text: str) -> Iterator[str]:
    """Prefixes of a text, each one grapheme longer."""
    prefix = ""
    for grapheme in split_graphemes(text):
        prefix += grapheme
        yield prefix
