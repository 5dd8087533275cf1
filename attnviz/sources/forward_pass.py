"""What is looked at: tokens, layers, and the mechanism that runs in each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol, Unpack

from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.tokens import Tokens
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.sources.options import Options, given


class Subject(Protocol):
    """A sentence on its way through layers of attention."""

    @property
    def queries(self) -> Tokens:
        """Who asks."""

    @property
    def keys(self) -> Tokens:
        """Who answers."""

    @property
    def n_layer(self) -> int:
        """How many layers there are."""

    @property
    def n_head(self) -> int:
        """How many heads look in each layer."""

    def refuse_too_large(self, n_map: int, most: int | None = None) -> None:
        """Refuse what memory could not hold, were so many maps kept, before anything runs.

        `most` is the longest side of a map that is pooled.
        """

    def choose(self, call: LayerCall) -> Variant:
        """The mechanism by which a layer runs."""

    def run(self, attend: Attend, last_layer: int | None = None) -> None:
        """Run all layers, or those up to the last one wanted."""

    def meta(self) -> dict[str, Any]:
        """How the map was made, but for the mechanism."""


def check(
    subject: Subject,
    layers: Collection[int] | None,
    heads: Collection[int] | None,
    most: int | None = None,
) -> None:
    """Refuse layers and heads that are not there, and too many of them, before anything runs."""
    for wanted, there, what in (
        (layers, subject.n_layer, "layer"),
        (heads, subject.n_head, "head"),
    ):
        for number in wanted or ():
            if not 0 <= number < there:
                raise MisuseError(f"there is no {what} {number}; there are 0 to {there - 1}")
    n_layer = subject.n_layer if layers is None else len(layers)
    n_head = subject.n_head if heads is None else len(heads)
    subject.refuse_too_large(n_layer * n_head, most)


def subject_of(text: str, context: str | None, **options: Unpack[Options]) -> Subject:
    """The subject that these options ask for: seeded numbers, or a real model."""
    asked = given(options)
    if "model" in asked:
        from attnviz.sources.model.run_model import from_model

        return from_model(text, context, **asked)
    from attnviz.sources.seeded.run_seeded import from_seed

    return from_seed(text, context, **asked)
