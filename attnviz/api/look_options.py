"""Keyword options of `look` as one type, for functions that pass them on."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.api.map_request import TokenSelector
from attnviz.core.selection import Selector
from attnviz.sources.options import Options


class LookOptions(Options, total=False):
    """Options of the forward pass, and what becomes of its weights; see `attnviz.look`."""

    select_layers: Selector
    select_heads: Selector
    select_segments: str | None
    select_queries: TokenSelector
    select_keys: TokenSelector
    contribution: str | None
    reduce: Sequence[str]
    with_vectors: bool
    pool: int | None
    pool_by: str | None
