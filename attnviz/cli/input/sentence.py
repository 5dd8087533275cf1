"""One sentence to look at, wherever it came from."""

from __future__ import annotations

from attnviz.errors import AttnvizError
from attnviz.record import Record


class Sentence(Record):
    """One sentence to look at, what answers it, and where it came from.

    `line` is 0 where there is no file, `id` what a record calls it; `error` says what is wrong
    with a line that holds no sentence.
    """

    text: str
    context: str | None = None
    line: int = 0
    id: str | None = None
    error: AttnvizError | None = None
