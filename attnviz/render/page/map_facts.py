"""Map facts: the labels, descriptions and options of a map on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.core.words import word_numbers
from attnviz.render.page.head_data import module_names
from attnviz.render.page.quantize import MAX_VECTOR_VALUES
from attnviz.render.page.token_data import segment_name
from attnviz.render.safe_text import escape_text
from attnviz.render.segment_roles import roles_note

NAME_KEYS = ("name", "variant", "model", "source")  # metadata that may name a map, best first


def describe_map(amap: AttentionMap, several: bool) -> dict[str, Any]:
    """The name and description of a map, its views, and the options that apply to it."""
    tokens = (*amap.queries, *amap.keys)
    return {
        "name": escape_text(map_name(amap)),
        "about": " · ".join(
            filter(
                None,
                (
                    escape_text(map_name(amap)),
                    map_pipeline(amap),
                    map_size(amap),
                    escape_text(roles_note(amap)),
                ),
            )
        ),
        "views": available_views(amap, several),
        "head_names": head_names(amap),
        "lists": control_options(amap),
        "offers": {
            "special": any(token.special for token in tokens),
            "words": has_word_pieces(amap.queries) or has_word_pieces(amap.keys),
            "renormalise": not amap.signed,
        },
    }


def control_options(amap: AttentionMap) -> dict[str, list[tuple[int | str, str]]]:
    """The options of each select element, by its name, as (value, label) pairs."""
    return {
        "layer": list(zip(amap.layers, layer_labels(amap), strict=True)),
        "head": list(zip(amap.heads, head_names(amap), strict=True)),
        "qs": segment_options(amap, amap.queries),
        "ks": segment_options(amap, amap.keys),
    }


def layer_labels(amap: AttentionMap) -> list[str]:
    """The name of each layer, with its module where the map is of a program that was watched."""
    labels = [escape_text(amap.layer_label(index)) for index in range(amap.n_layer)]
    modules = module_names(amap)
    return [f"{a}: {b}" for a, b in zip(labels, modules, strict=True)] if modules else labels


def segment_options(amap: AttentionMap, tokens: Sequence[Token]) -> list[tuple[int | str, str]]:
    """All segments or one of them; no options for tokens of a single segment."""
    segments = sorted({token.segment for token in tokens})
    options: list[tuple[int | str, str]] = [(s, segment_name(amap, s)) for s in segments]
    return [("", "all"), *options] if len(segments) > 1 else []


def map_name(amap: AttentionMap) -> str:
    """The name of a map among several."""
    meta: Mapping[str, object] = amap.meta
    names = (str(meta[key]) for key in NAME_KEYS if meta.get(key))
    return next((name for name in names if name != "foreign"), "attention")


def map_pipeline(amap: AttentionMap) -> str:
    """The pipeline of the mechanism, or how two texts were aligned; empty if unknown."""
    return escape_text(str(amap.meta.get("algebra") or amap.meta.get("alignment") or ""))


def map_size(amap: AttentionMap) -> str:
    """The number of layers, heads, queries and keys."""
    counts = [pluralize(len(amap.layers), "layer"), pluralize(len(amap.heads), "head")]
    shape = (
        f"{pluralize(len(amap.queries), 'query', 'queries')} × {pluralize(len(amap.keys), 'key')}"
    )
    return " · ".join((*counts, shape))


def pluralize(n: int, one: str, more: str | None = None) -> str:
    """A count with its noun, such as "1 head" or "2 heads"."""
    return f"{n:,} {one if n == 1 else more or f'{one}s'}"


def meta_lines(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The metadata as (name, text) pairs, without what is shown elsewhere; from JSON values."""
    return [
        (name, value if isinstance(value, str) else dumps(value, ensure_ascii=False))
        for name, value in meta.items()
        if name not in ("predictions", "effects")
    ]


def precision_note(amap: AttentionMap, weights: Mapping[str, Any]) -> str:
    """The precision of the stored weights, and whether vectors were omitted."""
    bits = weights["codes"].removeprefix("u").removeprefix("int")
    half_steps = weights["top"] * (1 if weights["curve"] == "square" else 2)
    note = (
        f"Weights are stored with {bits}-bit precision: within 1/{half_steps:,} of the largest "
        "weight of their row."
    )
    if amap.query_vectors is None or carries_vectors(amap):
        return note
    return f"{note} Query and key vectors are omitted: select fewer layers or heads to store them."


def available_views(amap: AttentionMap, several: bool) -> list[str]:
    """The views that apply to a map."""
    applies = {
        "overview": len(amap.layers) * len(amap.heads) > 1,
        "matrix": True,
        "lines": True,
        "text": True,
        "dimensions": carries_vectors(amap),
        "compare": several,
    }
    return [view for view, applicable in applies.items() if applicable]


def carries_vectors(amap: AttentionMap) -> bool:
    """Whether a map has query and key vectors, few enough to be stored in a page."""
    query, key = amap.query_vectors, amap.key_vectors
    return query is not None and key is not None and max(query.size, key.size) <= MAX_VECTOR_VALUES


def head_names(amap: AttentionMap) -> list[str]:
    """The name of each head."""
    return [escape_text(amap.head_label(index)) for index in range(amap.n_head)]


def has_word_pieces(tokens: Sequence[Token]) -> bool:
    """Whether any word consists of several tokens."""
    return len(set(word_numbers(tuple(tokens)))) < len(tokens)
