"""Captions of heads: pattern, largest weight and mean entropy in one line per head."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from attnviz.api.head_facts import describe_heads
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.core.map_metadata import layer_mechanism
from attnviz.core.rounded_text import format_rounded
from attnviz.core.subset import select_tokens
from attnviz.measures.entropy import entropy, max_entropy
from attnviz.measures.head_summary import HeadSummary
from attnviz.measures.links import StrongLink, strongest_link
from attnviz.measures.row_mass import has_distribution_rows
from attnviz.render.link_text import format_link
from attnviz.render.safe_text import escape_token
from attnviz.render.style import SEPARATOR

Patterns = Mapping[tuple[int, int], tuple[str, float]]
Summaries = Mapping[tuple[int, int], HeadSummary]
Captions = Callable[[AttentionMap, Patterns], Mapping[tuple[int, int], str]]


def make_captions(
    amap: AttentionMap, patterns: Patterns | None = None, summaries: Summaries | None = None
) -> dict[tuple[int, int], str]:
    """One line per head, by the original indices of its layer and head.

    Without `summaries`, heads are summarized here. The line of a head with a pattern begins
    with it; where mechanisms alternate by layer, with
    the mechanism. Cells of pooled maps are not weights, so that their captions hold no more.
    """
    if "pooled" in amap.meta:
        variant = str(amap.meta.get("variant"))
        return {
            (layer, head): escape_token(mechanism)
            for layer in amap.layers
            for head in amap.heads
            if (mechanism := layer_mechanism(amap.meta, variant, layer))
        }
    if summaries is None:
        summaries = describe_heads(amap, has_measures=False).summaries
    prefixes = {
        at: f"{name} {score:.2f}{SEPARATOR}" for at, (name, score) in (patterns or {}).items()
    }
    is_change = find_changes(amap)
    compared = compared_heads(amap)
    names = [head.name for head in compared] or [str(amap.meta.get("variant"))] * amap.n_head
    return {
        (layer, head): name_layer(amap, names[j], layer)
        + prefixes.get((layer, head), "")
        + make_caption(amap, i, j, is_change[j], summaries[layer, head])
        for i, layer in enumerate(amap.layers)
        for j, head in enumerate(amap.heads)
    }


def name_layer(amap: AttentionMap, name: str, layer: int) -> str:
    """The beginning of a caption: the mechanism of the layer, if mechanisms alternate."""
    mechanism = layer_mechanism(amap.meta, name, layer)
    return f"{escape_token(mechanism)}{SEPARATOR}" if mechanism else ""


def find_patterns(amap: AttentionMap) -> Patterns:
    """The pattern and score of each head that fits a pattern; see `describe_heads`."""
    return describe_heads(amap, has_measures=False).patterns


def make_caption(amap: AttentionMap, i: int, j: int, is_change: bool, summary: HeadSummary) -> str:
    """The largest weight (or change) of a head, and the mean entropy of rows if it is defined."""
    if summary.query is None or summary.key is None:
        return "identical" if is_change else "no attention"
    link = StrongLink(summary.query, summary.key, summary.weight)
    caption = describe_link(amap, link, is_change, bool((amap.weights[i, j] < 0).any()))
    if is_change or summary.entropy is None:
        return caption
    bits = f"{format_rounded(summary.entropy, 2)} of {summary.max_entropy:.2f} bits"
    return f"{caption}{SEPARATOR}mean entropy {bits}"


def make_row_captions(amap: AttentionMap, query: int) -> dict[tuple[int, int], str]:
    """One line per head about the row of one query: its largest weight and its entropy."""
    if "pooled" in amap.meta or amap.meta.get("source") == "mask":
        return {}
    row = select_tokens(amap, [query], list(range(len(amap.keys))))
    bits = None
    if has_distribution_rows(row):
        bits = np.broadcast_arrays(entropy(row)[..., 0], max_entropy(row)[..., 0])
    captions = {}
    is_change = find_changes(amap)
    for i, layer in enumerate(amap.layers):
        for j, head in enumerate(amap.heads):
            link = strongest_link(amap, i, j, query)
            if link is None:
                captions[layer, head] = "identical" if is_change[j] else "no attention"
                continue
            signed = bool((row.weights[i, j] < 0).any())
            caption = describe_link(amap, link, is_change[j], signed)
            if bits is not None and not is_change[j]:
                mean = format_rounded(bits[0][i, j], 2)
                caption += f"{SEPARATOR}entropy {mean} of {bits[1][i, j]:.2f} bits"
            captions[layer, head] = caption
    return captions


def describe_link(amap: AttentionMap, link: StrongLink, is_change: bool, signed: bool) -> str:
    """A largest weight, largest |weight| or largest change."""
    text = format_link(amap, link.query, link.key)
    if is_change:
        return f"max change {text} {format_rounded(link.weight, 2, '+')}"
    return f"max {'|weight|' if signed else 'weight'} {text} {format_rounded(link.weight, 2)}"


def find_changes(amap: AttentionMap) -> list[bool]:
    """Which heads are differences of two maps.    -> [head]"""
    compared = compared_heads(amap)
    if compared:
        return [head.kind == "difference" for head in compared]
    return [amap.meta.get("source") == "difference"] * amap.n_head
