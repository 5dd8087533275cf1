"""Job: what is done with each sentence of a command, sent to every worker process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.render import render_map
from attnviz.cli.output.target import Target
from attnviz.record import Record
from attnviz.render.style import Style


class Job(Record):
    """The options of one command as a plain value, which other processes can run too."""

    look_options: dict[str, Any]
    style: Style
    query: str | None
    targets: list[Target]
    env: Environment
    request: dict[str, Any] | None = None  # stored in the metadata, for --resume

    def __call__(self, sentence: Sentence) -> list[bytes | Iterable[bytes]]:
        """The map of a sentence, rendered for each target."""
        from attnviz.api.look import look_to_write
        from attnviz.cli.options.parse import warn_if_modified

        texts, options = sentence.arguments(self.look_options)
        formats = [target.format for target in self.targets]
        amap = look_to_write(formats, *texts, **options)
        warn_if_modified(amap)
        if sentence.id is not None:
            amap = replace(amap, meta={**amap.meta, "id": sentence.id})
        if self.request is not None:
            amap = replace(amap, meta={**amap.meta, "request": self.request})
        return render_map(self.env, self.targets, amap, self.style, self.query)
