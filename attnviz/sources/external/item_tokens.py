"""Tokens, ids and segments of one batch item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from attnviz.core.arrays import IntArray, Shape
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.external.named_tokens import Found
from attnviz.sources.external.token_sides import (
    BatchTokens,
    Side,
    match_tokens,
    match_vector_tokens,
    split_sides,
)


class BatchItem(Record):
    """The index of a batch item, and the number of items."""

    index: int
    count: int

    def select_row(self, rows: IntArray, name: str) -> tuple[list[int] | None, str]:
        """The numbers of the item; None, and the reason, where rows are of another batch.

        Shapes: [batch, token] or [token] -> [token]
        """
        if rows.ndim == 1 or len(rows) == self.count:
            return (rows if rows.ndim == 1 else rows[self.index]).tolist(), ""
        sequences = f"{len(rows)} sequence{'s' * (len(rows) != 1)}"
        return None, f"{name} has {sequences}, the attention {self.count}"

    def select_tokens(self, side: Found) -> tuple[Side, str]:
        """The tokens of the item; none, and a sentence, for lists of another batch."""
        if not isinstance(side, BatchTokens):
            return side, ""
        if len(side) == self.count:
            return side[self.index], ""
        return None, f"{len(side)} lists of tokens for {self.count} batch items are not shown"


def resolve_tokens(tokens: Any, ids: IntArray | None, item: BatchItem) -> tuple[Side, Side]:
    """The query and key tokens that the caller gives, or decodes from the ids of the item."""
    decode: Callable[[list[int]], Any] | None = tokens if callable(tokens) else None
    return split_sides(tokens if decode is None else decode(input_ids(ids, item)))


def input_ids(ids: IntArray | None, item: BatchItem) -> list[int]:
    """The token ids of one batch item.    [batch, token] -> [token]

    Raises InvalidInputError for a source without ids, or with those of another batch.
    """
    if ids is None:
        raise InvalidInputError(
            "a tokenizer.json needs input_ids, and the source has none; give the tokens"
        )
    row, reason = item.select_row(ids, "input_ids")
    if row is None:
        raise InvalidInputError(f"{reason}; give the tokens")
    return row


def name_tokens(
    given: tuple[Side, Side],
    own: tuple[Found, Found],
    shape: Shape,
    item: BatchItem,
    *,
    kind: str = "self",
    padding: Sequence[int] = (),
    frames: Tokens | None = None,
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """The query and key tokens of one batch item, and a sentence per assumption.

    `shape` is that of its weights, [layer, head, query, key]; `kind` is "self", "cross",
    "generation", whose last token may be given too, or "vector": one weight per word. `frames`
    are the labels of keys that are frames; one list of tokens is then of the queries.
    """
    if frames is not None:
        given, own = split_frames(given, own, frames)
    if kind == "generation" and given[0] is given[1] and len(given[0] or ()) == shape[-1] + 1:
        given = drop_generated(given[0])
    (queries, query_note), (keys, key_note) = map(item.select_tokens, own)
    if kind == "vector":
        sides, guesses = match_vector_tokens(given, (queries, keys), shape)
    else:
        sides, guesses = match_tokens(
            given, (queries, keys), shape, is_cross=kind == "cross", padding=padding
        )
    return sides, (*filter(None, dict.fromkeys((query_note, key_note))), *guesses)


def split_frames(
    given: tuple[Side, Side], own: tuple[Found, Found], frames: Tokens
) -> tuple[tuple[Side, Side], tuple[Found, Found]]:
    """The tokens of the caller and of the source, with frames as the keys.

    Raises MisuseError for keys that the caller gives tokens.
    """
    if given[1] is not None and given[1] is not given[0]:
        raise MisuseError("--key-times has no effect on keys with tokens; leave one of them out")
    return (given[0], frames), (own[0], None)


def drop_generated(tokens: Side) -> tuple[Side, Side]:
    """The tokens of a generation without the last, which no step had as query or key."""
    rest = (tokens or ())[:-1]
    return rest, rest


def split_documents(sides: tuple[Tokens, Tokens], end: str) -> tuple[Tokens, Tokens]:
    """Query and key tokens, each in the segment of its text: texts end with the token `end`.

    Raises MisuseError where no token is spelled so.
    """
    if all(end not in (token.piece, token.label) for token in sides[1]):
        raise MisuseError(f"--document-end {end!r}: there is no such token among the keys")

    def number(tokens: Tokens) -> Tokens:
        ends = accumulate((end in (t.piece, t.label) for t in tokens), initial=0)
        return tuple(replace(t, segment=n) for t, n in zip(tokens, ends, strict=False))

    keys = number(sides[1])
    is_suffix = len(sides[0]) < len(keys) and sides[0] == sides[1][-len(sides[0]) :]
    return (keys[-len(sides[0]) :] if is_suffix else number(sides[0])), keys


def add_segments(
    sides: tuple[Tokens, Tokens], rows: IntArray | None, item: BatchItem
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """Query and key tokens with their segments, where there is one for each, and a sentence.

    Shapes: rows [batch, token] or [token]
    """
    if rows is None:
        return sides, ()
    segments, reason = item.select_row(rows, "token_type_ids")
    if segments is None:
        return sides, (f"{reason}; segments are not shown",)

    def on(tokens: Tokens) -> Tokens:
        if len(tokens) != len(segments):
            return tokens
        return tuple(replace(t, segment=s) for t, s in zip(tokens, segments, strict=True))

    return (on(sides[0]), on(sides[1])), ()
