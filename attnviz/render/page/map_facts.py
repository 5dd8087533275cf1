"""What a page can say and offer of a map, worked out once, so that its script need not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.page.quantize import FINE
from attnviz.render.safe_text import one_line

NAMED_BY = ("name", "variant", "model", "source")  # what in the metadata may name a map


def about(amap: AttentionMap, several: bool) -> dict[str, Any]:
    """Names and sentences for people, and what there is to choose from."""
    tokens = (*amap.queries, *amap.keys)
    return {
        "name": one_line(name_of(amap)),
        "about": " · ".join(filter(None, (one_line(name_of(amap)), algebra(amap), size(amap)))),
        "views": views(amap, several),
        "head_names": head_names(amap),
        "lists": lists(amap),
        "offers": {
            "special": any(token.special for token in tokens),
            "words": has_pieces(amap.queries) or has_pieces(amap.keys),
            "renormalise": not amap.signed,
        },
    }


def lists(amap: AttentionMap) -> dict[str, list[tuple[int | str, str]]]:
    """What can be chosen from lists, by the names of the controls, and what it is called."""
    return {
        "layer": [(layer, f"layer {layer}") for layer in amap.layers],
        "head": list(zip(amap.heads, head_names(amap), strict=True)),
        "qs": segments(amap.queries),
        "ks": segments(amap.keys),
    }


def segments(tokens: Sequence[Token]) -> list[tuple[int | str, str]]:
    """All segments or one of them, where there are several."""
    there = sorted({token.segment for token in tokens})
    named: list[tuple[int | str, str]] = [(segment, f"segment {segment}") for segment in there]
    return [("", "all"), *named] if len(there) > 1 else []


def name_of(amap: AttentionMap) -> str:
    """What to call a map where there are several."""
    return next((str(amap.meta[key]) for key in NAMED_BY if amap.meta.get(key)), "attention")


def algebra(amap: AttentionMap) -> str:
    """The mechanism as a formula, where it is known."""
    return one_line(str(amap.meta.get("algebra") or ""))


def size(amap: AttentionMap) -> str:
    """How much there is to see."""
    counts = [many(len(amap.layers), "layer"), many(len(amap.heads), "head")]
    shape = f"{many(len(amap.queries), 'query', 'queries')} × {many(len(amap.keys), 'key')}"
    return " · ".join((*counts, shape))


def many(n: int, one: str, more: str | None = None) -> str:
    """A number of things."""
    return f"{n:,} {one if n == 1 else more or f'{one}s'}"


def made(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How a map was made, line by line, from plain values."""
    words = {
        name: said if isinstance(said, str) else dumps(said, ensure_ascii=False)
        for name, said in meta.items()
    }
    return list(words.items())


def kept(amap: AttentionMap, steps: int) -> str:
    """How exact the page is, and what it leaves out."""
    said = f"Weights are kept in {steps:,} steps of the largest of their row."
    if amap.query_vectors is None or carries_vectors(amap):
        return said
    return f"{said} Vectors were left out: keep fewer layers or heads to have them."


def views(amap: AttentionMap, several: bool) -> list[str]:
    """The views that have something to show."""
    offered = {
        "overview": len(amap.layers) * len(amap.heads) > 1,
        "matrix": True,
        "lines": True,
        "text": True,
        "dimensions": carries_vectors(amap),
        "compare": several,
    }
    return [view for view, there in offered.items() if there]


def carries_vectors(amap: AttentionMap) -> bool:
    """Whether queries and keys are there as vectors, and a page is not swamped by them."""
    query, key = amap.query_vectors, amap.key_vectors
    return query is not None and key is not None and max(query.size, key.size) <= FINE


def head_names(amap: AttentionMap) -> list[str]:
    """What each head is called."""
    return [one_line(name) for name in amap.names] or [f"head {head}" for head in amap.heads]


def has_pieces(tokens: Sequence[Token]) -> bool:
    """Whether a word is in pieces here."""
    words = [(token.segment, token.word) for token in tokens if token.word is not None]
    return len(set(words)) < len(words)
