"""Sentence: one input of `attnviz show`, with its second sentence, line and id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnviz.errors import AttnvizError, MisuseError
from attnviz.record import Record


class Sentence(Record):
    """A sentence, a second one, and where they came from.

    `context` is the second sequence of cross-attention, `pair` the second sentence for a
    pretrained model. `line` is 0 where there is no file, `id` comes from a record; `error` says
    what is wrong with a line that holds no valid sentence.
    """

    text: str
    context: str | None = None
    line: int = 0
    id: str | None = None
    error: AttnvizError | None = None
    pair: str | None = None

    def with_second(self, name: str, text: str) -> Sentence:
        """The sentence with the second one of its line; `name` is "context" or "pair"."""
        if getattr(self, name) is not None:
            error = MisuseError(f"the line has a {name} of its own; leave out --{name}")
            return replace(self, error=error)
        second: dict[str, Any] = {name: text}
        return replace(self, **second)

    def arguments(self, options: dict[str, Any]) -> tuple[tuple[str, str | None], dict[str, Any]]:
        """The arguments of `look` with these options: texts and keyword options.

        Raises MisuseError where the options contradict what the line holds.
        """
        if self.pair is None:
            return (self.text, self.context), options
        if options.get("pair") is not None:
            raise MisuseError("the line has a pair of its own; leave out --pair")
        return (self.text, self.context), {**options, "pair": self.pair}
