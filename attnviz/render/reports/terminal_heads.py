"""Head statistics in the terminal: pattern, entropy, distance and strongest link per head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.render.link_text import format_link
from attnviz.render.provenance import untrained_note
from attnviz.render.reports.terminal_listing import Listing
from attnviz.render.style import SEPARATOR

COLUMNS = ("head", "pattern", "score", "entropy", "distance", "strongest link")
NUMBERS = ("head", "score", "entropy", "distance")
NOTE = (
    "head: layer.head · score of the best pattern, 0 to 1 · mean entropy in bits (of maximum) · "
    "mean distance in tokens · strongest link excludes special "
    "tokens, padding and rows with a single key"
)


def heads_table(amap: AttentionMap, rows: Sequence[Mapping[str, Any]]) -> Listing:
    """One line per head."""
    return Listing(
        amap.title,
        COLUMNS,
        [head_cells(amap, row) for row in rows],
        NUMBERS,
        NOTE,
        subtitle=SEPARATOR.join(filter(None, (amap.meta.get("reduced"), untrained_note(amap)))),
    )


def head_cells(amap: AttentionMap, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one head; a dash where a number is undefined."""
    link, bits, far = row["strongest"], row["entropy"], row["distance"]
    return (
        number_or_reduction(row["layer"], amap.meta.get("reduced_layers"))
        + "."
        + number_or_reduction(row["head"], amap.meta.get("reduced_heads")),
        row["pattern"] or "–",
        f"{row['score']:.2f}",
        "–" if bits is None else f"{bits:.2f} of {row['most_entropy']:.2f}",
        "–" if far is None else f"{far:.1f}",
        "–"
        if link is None
        else f"{format_link(amap, link['query'], link['key'])} {link['weight']:.2f}",
    )


def number_or_reduction(number: int, label: str | None) -> str:
    """The number of a layer or head; for a reduced one the first word of its label, "mean"."""
    return str(number) if label is None else label.partition(" ")[0]
