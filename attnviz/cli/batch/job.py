"""Job: what is done with each sentence of a command, sent to every worker process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from attnviz.cli.batch.map_job import MapJob
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.render import render_map
from attnviz.cli.output.target import Target
from attnviz.core.attention_map import AttentionMap
from attnviz.render.output_format import Format
from attnviz.render.style import Style


class Job(MapJob):
    """The options of one command as a plain value, which other processes can run too."""

    style: Style
    query: str | None
    targets: list[Target]
    env: Environment
    request: dict[str, Any] | None = None  # stored in the metadata, for --resume

    @property
    def formats(self) -> list[Format]:
        """The formats of the targets."""
        return [target.format for target in self.targets]

    def finish(self, sentence: Sentence, amap: AttentionMap) -> list[bytes | Iterable[bytes]]:
        """The map of a sentence, rendered for each target."""
        from attnviz.cli.options.parse import warn_if_modified

        warn_if_modified(amap)
        if sentence.id is not None:
            amap = replace(amap, meta={**amap.meta, "id": sentence.id})
        if self.request is not None:
            amap = replace(amap, meta={**amap.meta, "request": self.request})
        style = self.style
        if style.names_text:
            style = replace(style, row_id=sentence.id or str(sentence.line))
        return render_map(self.env, self.targets, amap, style, self.query)
