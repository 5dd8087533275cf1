"""Pattern labels: the attention pattern of each head of an overview, below its thumbnail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from attnviz.record import Record
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.overview_grid import OverviewGrid
from attnviz.render.figure.type_sizes import SMALLEST

WITHOUT_SINK, MARK = " without sink", "*"  # ends the name of a pattern; stands for it
MARK_NOTE = f"{MARK} of the weight off the sinks"


class PatternLabels(Record):
    """The label of each head, by its array indices, and the legend of abbreviations.

    The labels of all heads have the same form: pattern and score, pattern, or an abbreviation;
    the longest form that fits below every thumbnail.
    """

    texts: Mapping[tuple[int, int], str]
    legend: tuple[str, ...] = ()

    @classmethod
    def of(cls, drawable: Drawable, grid: OverviewGrid, width: float) -> PatternLabels:
        """The labels that fit below thumbnails of this width in inches."""
        amap, patterns = drawable.amap, drawable.style.patterns
        found = {
            (i, j): patterns[at]
            for i, j in grid.cells
            if (at := (amap.layers[i], amap.heads[j])) in patterns
        }
        found = {at: (name, score) for at, (name, score) in found.items() if name}
        marked = any(name.endswith(WITHOUT_SINK) for name, _ in found.values())
        star = (MARK_NOTE,) if marked else ()
        bare = (name.removesuffix(WITHOUT_SINK) for name, _ in found.values())
        codes = abbreviations(bare)
        legend = (*(f"{code} = {name}" for name, code in codes.items()), *star)
        forms = (
            ({at: f"{mark(name)} {score:.2f}" for at, (name, score) in found.items()}, star),
            ({at: mark(name) for at, (name, _) in found.items()}, star),
            ({at: mark(name, codes) for at, (name, _) in found.items()}, legend),
        )
        for texts, note in forms:
            if all(text_width(text, SMALLEST) <= width for text in texts.values()):
                return cls(texts, note if texts else ())
        return cls({})

    @property
    def height(self) -> float:
        """The height of the labels, in inches."""
        return 1.3 * SMALLEST / 72 if any(self.texts.values()) else 0.0


def mark(name: str, codes: Mapping[str, str] | None = None) -> str:
    """The name of a pattern, or its code, with a mark for one of the weight off the sinks."""
    bare = name.removesuffix(WITHOUT_SINK)
    return (codes[bare] if codes else bare) + (MARK if bare != name else "")


def abbreviations(names: Iterable[str]) -> dict[str, str]:
    """The initials of these names, the most frequent first; unique by a number.

    >>> abbreviations(["broad", "special tokens", "same token"])
    {'broad': 'B', 'special tokens': 'ST', 'same token': 'ST2'}
    """
    codes: dict[str, str] = {}
    for name, _ in Counter(filter(None, names)).most_common():
        initials = "".join(word[0].upper() for word in name.split())
        n = sum(code.rstrip("0123456789") == initials for code in codes.values())
        codes[name] = f"{initials}{n + 1}" if n else initials
    return codes
