"""What is done with one sentence: look at it, and give the map in every format wished for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnviz.cli.environment import World
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.render import rendered
from attnviz.cli.output.target import Target
from attnviz.record import Record
from attnviz.render.style import Style


class Work(Record):
    """The wishes of one command; a plain value, so that other processes can do it too."""

    look: dict[str, Any]
    style: Style
    query: str | None
    targets: list[Target]
    face: World

    def __call__(self, sentence: Sentence) -> list[bytes]:
        """The map of a sentence for each target."""
        from attnviz.api.look import look
        from attnviz.cli.options.parse import tell_change

        amap = look(sentence.text, sentence.context, **self.look)
        tell_change(amap)
        if sentence.id is not None:
            amap = replace(amap, meta={**amap.meta, "id": sentence.id})
        return rendered(self.face, self.targets, amap, self.style, self.query)
