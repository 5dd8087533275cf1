"""BertViz and CircuitsVis HTML pages: the data that their scripts draw. No script is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.metadata import MAX_INDEX, is_index_list, is_text_list
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.external.token_lists import make_tokens
from attnviz.sources.safe_read import decode_text
from attnviz.sources.strict_json import check_size, parse_at

BERTVIZ = re.compile(r"(?:const params|window\.bertviz_params) = (?=\{)")
CIRCUITSVIS = re.compile(r"\bAttention(?:Heads|Patterns?),\s*(?=\{)")
HEAD_NAME = re.compile(r"L([0-9]{1,5})[. ]?H([0-9]{1,5})", re.IGNORECASE)


def read_bertviz(data: bytes, selection: Selection) -> RawAttention:
    """A BertViz page: head view, model view, or neuron view (with query and key vectors).

    Shapes: attn [layer][head][query][key]
    """
    params = parse_object_after(BERTVIZ, data)
    views = params.get("attention")
    if isinstance(views, list):
        views = {str(view.get("name") or "All"): view for view in views if isinstance(view, dict)}
    if not isinstance(views, dict) or not views:
        raise InvalidInputError("the page has no attention")
    names = list(views)
    index, guesses = selection.choose_name(names)
    view = views[names[index]]
    if not isinstance(view, dict) or "attn" not in view:
        raise InvalidInputError(f"the view {names[index]!r:.40} has no attention")
    return RawAttention(
        weights=to_numpy(view["attn"]),
        axes="lhqk",
        queries=parse_page_tokens(view.get("left_text"), "left_text"),
        keys=parse_page_tokens(view.get("right_text"), "right_text"),
        layers=parse_indices(params.get("include_layers")),
        heads=parse_indices(params.get("include_heads")),
        guesses=guesses,
        query_vectors=parse_vectors(view["queries"], "queries") if "queries" in view else None,
        key_vectors=parse_vectors(view["keys"], "keys") if "keys" in view else None,
    )


def read_circuitsvis(data: bytes, selection: Selection) -> RawAttention:
    """A CircuitsVis page: attention heads, or one attention pattern.

    Shapes: attention [head][query][key] or [query][key]
    """
    props = parse_object_after(CIRCUITSVIS, data)
    weights = to_numpy(props.get("attention"))
    if weights.ndim not in (2, 3):
        raise InvalidInputError(f"attention of shape {weights.shape} is not [head, query, key]")
    tokens = parse_page_tokens(props.get("tokens"), "tokens")
    names = props.get("attentionHeadNames") or []
    if not is_text_list(names):
        raise InvalidInputError("attentionHeadNames should be a list of strings")
    matches = [HEAD_NAME.fullmatch(name) for name in names]
    indices = [(int(match[1]), int(match[2])) for match in matches if match]
    one_layer = len(indices) == weights.shape[0] and len({layer for layer, _ in indices}) == 1
    return RawAttention(
        weights=weights,
        axes="hqk"[-weights.ndim :],
        queries=tokens,
        keys=tokens,
        layers=(indices[0][0],) if one_layer else (),
        heads=tuple(head for _, head in indices) if one_layer else (),
        names=() if one_layer else tuple(names),
    )


def parse_object_after(pattern: re.Pattern[str], data: bytes) -> Mapping[str, Any]:
    """The JSON object that follows a pattern, which ends before its brace, in a page's script."""
    text = decode_text(data)
    check_size(text)
    match = pattern.search(text)
    return parse_at(text, match.end())[0] if match else {}


def parse_vectors(values: Any, what: str) -> FloatArray:
    """Query or key vectors of a page.    -> [layer, head, token, d]"""
    array = to_numpy(values, what)
    if array.ndim != 4 or not np.isfinite(array).all():
        raise InvalidInputError(f"{what} should be finite numbers [layer][head][token][d]")
    return array


def parse_page_tokens(values: Any, what: str) -> tuple[Token, ...]:
    """Tokens of a page, where a leading space marks the start of a word."""
    return tuple(
        replace(token, label=token.label.strip() or token.label)
        for token in make_tokens(values, what)
    )


def parse_indices(numbers: Any) -> tuple[int, ...]:
    """Original indices of layers or heads; empty if the page has all of them."""
    if numbers is None:
        return ()
    if not is_index_list(numbers):
        raise InvalidInputError(
            f"layers and heads should be lists of whole numbers, below {MAX_INDEX:,}"
        )
    return tuple(numbers)
