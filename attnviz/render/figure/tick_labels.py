"""Tick labels of thinned axes: tokens, with their positions where tokens repeat."""

from __future__ import annotations

from collections import Counter

LONG = 100  # tokens; longer texts in which tokens repeat are labelled with positions alone


def tick_labels(labels: tuple[str, ...], step: int) -> tuple[str, ...]:
    """Every `step`-th label; one that occurs again has its position: which one is shown?

    On an axis without gaps the order of the tokens says so.

    >>> tick_labels(("the", "cat", "saw", "the", "dog"), 3)
    ('the (0)', 'the (3)')
    >>> tick_labels(("the", "cat", "saw", "a", "dog"), 3)
    ('the', 'a')
    """
    if step == 1:
        return labels
    counts = Counter(labels)
    shown = range(0, len(labels), step)
    if len(labels) > LONG and len(counts) < len(labels):
        return tuple(map(str, shown))
    return tuple(f"{labels[i]} ({i})" if counts[labels[i]] > 1 else labels[i] for i in shown)
