"""What was found becomes a map: axes put in order, one sequence taken, numbers checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, ShapeError
from attnviz.record import Record
from attnviz.sources.external.axes import NAMES, ORDER, ordered
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.token_lists import labelled, sides

LONGEST = 1 << 17  # of any axis
TOLERANCE = 1e-2  # how far from 1 a row of 16-bit weights, or of few decimals, may sum


class Found(Record, kw_only=True):
    """Attention as it was found, before it is a map.

    Shapes: weights and visible have the axes that `axes` names, by letters of "lbhqk"; ids, the
    numbers of the tokens in a vocabulary, are [batch, token] or [token].

    `complete` says that these are words of our own document: meta and tokens are kept as they
    are; `picked`, that one sequence of several was taken already. `guessed` holds a sentence
    for each thing that was not certain.
    """

    weights: FloatArray
    axes: str
    visible: BoolArray | None = None
    queries: tuple[Token, ...] | None = None
    keys: tuple[Token, ...] | None = None
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    text: str | None = None
    context: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    query_vectors: FloatArray | None = None
    key_vectors: FloatArray | None = None
    ids: IntArray | None = None
    guessed: tuple[str, ...] = ()
    complete: bool = False
    picked: bool = False


def assemble(found: Found, tokens: Any, wish: Wish, producer: str) -> AttentionMap:
    """The map of what was found.

    Raises InvalidInputError for numbers and tokens that do not fit, each with its reason.
    """
    weights, visible, place, sequence = one_sequence(found, wish)
    given = sides(tokens(ids_of(found, place)) if callable(tokens) else tokens)
    (queries, keys), guess = labelled(
        given[0] or found.queries, given[1] or found.keys, weights.shape
    )
    sentences = (*found.guessed, *sequence, *guess)
    try:
        return AttentionMap(
            queries=queries,
            keys=keys,
            weights=weights,
            visible=visible,
            layers=found.layers,
            heads=found.heads,
            names=found.names,
            text=found.text,
            context=found.context,
            meta=told(found, weights, producer, sentences),
            query_vectors=found.query_vectors,
            key_vectors=found.key_vectors,
        )
    except ShapeError as error:
        raise InvalidInputError(str(error)) from None


def one_sequence(
    found: Found, wish: Wish
) -> tuple[FloatArray, BoolArray | None, int, tuple[str, ...]]:
    """The weights of one sequence, what it may see, its place, and how it was chosen.

    Shapes: any -> [layer, head, query, key]
    """
    weights = ordered(found.weights, found.axes)
    check_sizes(weights.shape)
    members = range(weights.shape[1])
    alone = Wish() if found.picked else wish
    place, guessed = alone.numbered(members, "sequence")
    visible = None if found.visible is None else ordered(found.visible, found.axes)[:, place]
    return weights[:, place], visible, place, guessed


def ids_of(found: Found, place: int) -> list[int]:
    """The numbers of one sequence's tokens.    [batch, token] -> [token]"""
    if found.ids is None:
        raise InvalidInputError(
            "no input_ids came with the attention, so a vocabulary says nothing; give the tokens"
        )
    ids: list[int] = (found.ids if found.ids.ndim == 1 else found.ids[place]).tolist()
    return ids


def check_sizes(shape: tuple[int, ...]) -> None:
    """Refuse attention of nothing, and sizes that only a broken file has."""
    for axis, size in zip(ORDER, shape, strict=True):
        if not 0 < size <= LONGEST:
            raise InvalidInputError(
                f"the attention has {size:,} on the {NAMES[axis]} axis; from 1 to {LONGEST:,} is "
                "what can be shown"
            )


def told(
    found: Found, weights: FloatArray, producer: str, guessed: tuple[str, ...]
) -> dict[str, Any]:
    """How the map was made, and what its rows turned out to be.    [layer, head, query, key]

    Rows are never renormalised: what they sum to is said instead.
    """
    if found.complete:
        return {**found.meta, **({"guessed": list(guessed)} if guessed else {})}
    with np.errstate(invalid="ignore", over="ignore"):  # the map itself refuses NaN and infinity
        sums = weights.sum(-1, dtype=np.float64)
        signed = bool((weights < 0).any())
        over = bool((sums > 1 + TOLERANCE).any()) or signed
        under = bool(((sums < 1 - TOLERANCE) & (sums != 0)).any())
    row_sum = "any" if over else "at most 1" if under else "1"
    if row_sum != "1":
        low, high = float(sums.min()), float(sums.max())
        guessed = (*guessed, f"rows sum to {low:.3g} … {high:.3g}: they are shown as they are")
    if signed:
        guessed = (*guessed, f"some weights are negative, down to {float(weights.min()):.3g}")
    made = {"source": "foreign", "producer": producer, **found.meta}
    made |= {"row_sum": row_sum, "signed": signed}
    return made | ({"guessed": list(guessed)} if guessed else {})
