"""Sentence: one input of `attnviz show`, with its context, line and id."""

from __future__ import annotations

from attnviz.errors import AttnvizError
from attnviz.record import Record


class Sentence(Record):
    """A sentence, its context (for cross-attention), and where it came from.

    `line` is 0 where there is no file, `id` comes from a record; `error` says what is wrong with
    a line that holds no valid sentence.
    """

    text: str
    context: str | None = None
    line: int = 0
    id: str | None = None
    error: AttnvizError | None = None
