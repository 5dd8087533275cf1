"""Link: one weight of a map, with its layer, head, query and key."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """A weight and where it is: original layer and head, positions and labels of the tokens."""

    layer: int
    head: int
    query: int
    key: int
    weight: float
    query_token: str
    key_token: str
