"""Pages of other programs: the data that their scripts draw. No script is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.safe_read import text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import value_at
from attnviz.sources.external.to_numpy import numeric
from attnviz.sources.external.token_lists import tokens_of

BERTVIZ = re.compile(r"(?:const params|window\.bertviz_params) = (?=\{)")
CIRCUITSVIS = re.compile(r"\bAttention(?:Heads|Patterns?),\s*(?=\{)")
HEAD_NAME = re.compile(r"L([0-9]{1,5})[. ]?H([0-9]{1,5})", re.IGNORECASE)


def bertviz(data: bytes, wish: Wish) -> Found:
    """Head view, model view and neuron view; the last has queries and keys too.

    Shapes: attn [layer][head][query][key]
    """
    said = object_after(BERTVIZ, data)
    views = said.get("attention")
    if isinstance(views, list):
        views = {str(view.get("name") or "All"): view for view in views if isinstance(view, dict)}
    if not isinstance(views, dict) or not views:
        raise InvalidInputError("the page has no attention")
    names = list(views)
    place, guessed = wish.named(names)
    view = views[names[place]]
    if not isinstance(view, dict) or "attn" not in view:
        raise InvalidInputError(f"the view {names[place]!r:.40} has no attention")
    return Found(
        weights=numeric(view["attn"]),
        axes="lhqk",
        queries=shown(view.get("left_text"), "left_text"),
        keys=shown(view.get("right_text"), "right_text"),
        layers=kept(said.get("include_layers")),
        heads=kept(said.get("include_heads")),
        guessed=guessed,
        query_vectors=numeric(view["queries"], "queries") if "queries" in view else None,
        key_vectors=numeric(view["keys"], "keys") if "keys" in view else None,
    )


def circuitsvis(data: bytes, wish: Wish) -> Found:
    """Attention heads or one pattern.

    Shapes: attention [head][query][key] or [query][key]
    """
    said = object_after(CIRCUITSVIS, data)
    weights = numeric(said.get("attention"))
    if weights.ndim not in (2, 3):
        raise InvalidInputError(f"attention of shape {weights.shape} is not [head, query, key]")
    tokens = shown(said.get("tokens"), "tokens")
    names = said.get("attentionHeadNames") or []
    matches = [HEAD_NAME.fullmatch(str(name)) for name in names if isinstance(name, str)]
    places = [(int(match[1]), int(match[2])) for match in matches if match]
    one_layer = len(places) == weights.shape[0] and len({layer for layer, _ in places}) == 1
    return Found(
        weights=weights,
        axes="hqk"[-weights.ndim :],
        queries=tokens,
        keys=tokens,
        layers=(places[0][0],) if one_layer else (),
        heads=tuple(head for _, head in places) if one_layer else (),
        names=() if one_layer else tuple(map(str, names)),
    )


def object_after(mark: re.Pattern[str], data: bytes) -> Mapping[str, Any]:
    """The object that a page's script begins with after the mark."""
    text = text_of(data)
    match = mark.search(text)
    said = value_at(text, match.end())[0] if match else None
    if not isinstance(said, dict):
        raise InvalidInputError("the page has no data of a script")
    return said


def shown(words: Any, what: str) -> tuple[Token, ...]:
    """Tokens of a page; a space in front stands there for the mark of a word."""
    return tuple(
        Token(piece=token.piece, label=token.label.strip() or token.label)
        for token in tokens_of(words, what)
    )


def kept(numbers: Any) -> tuple[int, ...]:
    """Original numbers of layers or heads; none where all were kept."""
    if numbers is None:
        return ()
    if not isinstance(numbers, list) or not all(type(n) is int and n >= 0 for n in numbers):
        raise InvalidInputError("layers and heads should be lists of whole numbers")
    return tuple(numbers)
