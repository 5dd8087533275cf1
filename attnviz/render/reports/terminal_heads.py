"""All heads of a map in the terminal, a line a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.render.reports.terminal_listing import Listing
from attnviz.render.safe_text import printable

COLUMNS = ("head", "pattern", "fits", "entropy", "distance", "strongest link")
NUMBERS = ("head", "fits", "entropy", "distance")
NOTE = (
    "head: layer.head · fits: how well the pattern fits, 0 to 1 · entropy: in bits, of the most "
    "there could be · distance: in tokens · links: between words, not special tokens"
)


def listing(amap: AttentionMap, rows: Sequence[Mapping[str, Any]]) -> Listing:
    """A line a head."""
    return Listing(amap.title, COLUMNS, [cells(row) for row in rows], NUMBERS, NOTE)


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A head in words; a dash where there is nothing to say."""
    link, bits, far = row["strongest"], row["entropy"], row["distance"]
    return (
        f"{row['layer']}.{row['head']}",
        row["pattern"] or "–",
        f"{row['score']:.2f}",
        "–" if bits is None else f"{bits:.2f} of {row['most_entropy']:.2f}",
        "–" if far is None else f"{far:.1f}",
        "–" if link is None else said(link),
    )


def said(link: Mapping[str, Any]) -> str:
    """Who looks at whom, and how much."""
    query, key = printable(link["query_token"]), printable(link["key_token"])
    return f"{query} → {key} {link['weight']:.2f}"
