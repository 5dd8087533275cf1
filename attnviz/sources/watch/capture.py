"""Capture: what was recorded of one attention call, and which call of the program it was."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Protocol

from attnviz.record import Record
from attnviz.sources.watch.attention_call import Rows


class KeptCall(Protocol):
    """What is kept of the weights of one call."""

    def add(self, rows: Rows) -> None:
        """Add the weights of a block of query rows, in their order."""

    @property
    def n_byte(self) -> int:
        """Bytes that it holds."""


class Site(Record):
    """A place in the program that calls attention: once per outermost call of a model.

    `module` is its qualified name, `pattern` the same with * in place of layer numbers, and
    `layer` its order among the calls of this pattern within one outermost call.
    """

    root: int
    module: str
    pattern: str
    layer: int
    function: str


class Capture(Record, kw_only=True, eq=False):
    """One attention call.

    `step` is the number of the outermost call of the model, `run` that of the call at this site,
    where the steps of a generation count as one. `n_query` and `n_key` are those of the call,
    `items`, `heads` and `rows` the batch items, heads and query rows that are kept.
    Shapes: query_vectors [item, head, row, d], key_vectors [item, head, key, d], or None
    """

    site: Site
    number: int
    step: int
    run: int
    is_training: bool
    n_batch: int
    n_head: int
    n_query: int
    n_key: int
    dtype: str
    device: str
    items: tuple[int, ...]
    heads: tuple[int, ...]
    rows: tuple[int, ...]
    kept: Any
    dropout: float = 0.0
    is_cross: bool | None = None
    query_vectors: Any = None
    key_vectors: Any = None
    guesses: tuple[str, ...] = field(default_factory=tuple)

    @property
    def has_all_rows(self) -> bool:
        """Whether no query row was left out."""
        return len(self.rows) == self.n_query
