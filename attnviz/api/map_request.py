"""Map request: what becomes of the recorded weights, before and after they are computed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from attnviz.argument_types import require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.selection import HeadSelection
from attnviz.core.subset import select_segments
from attnviz.core.tokens import Tokens
from attnviz.record import Record

if TYPE_CHECKING:
    from attnviz.api.reduce import Step

TokenSelector = int | str | Collection[int | str] | None  # as in core.token_selection


class MapRequest(Record):
    """Norms in place of weights, reductions, segments and tokens, in the order of their effect.

    Modules behind it are imported only where something of this was requested: most maps are
    drawn as they are.
    """

    selection: HeadSelection
    segments: str | None = None
    queries: TokenSelector = None
    keys: TokenSelector = None
    contribution: str | None = None
    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(
        cls,
        selection: HeadSelection,
        segments: str | None,
        queries: TokenSelector,
        keys: TokenSelector,
        contribution: str | None,
        reduce: Sequence[str] | None,
    ) -> MapRequest:
        """The request that these arguments of `look` stand for.

        Raises MisuseError for a contribution or steps that cannot be.
        """
        steps: tuple[Step, ...] = ()
        if contribution is not None:
            require_type("contribution", contribution, str)
            from attnviz.core.engine.contributions import check_contribution

            check_contribution(contribution, selection)
        require_type("reduce", reduce, str, Collection)
        if reduce is not None and (isinstance(reduce, str) or len(reduce)):
            from attnviz.api.reduce import parse_steps

            steps = parse_steps([reduce] if isinstance(reduce, str) else reduce)
        return cls(selection, segments, queries, keys, contribution, steps)

    @property
    def drops_vectors(self) -> bool:
        """Whether the map cannot keep query and key vectors."""
        return bool(self.steps) or self.contribution in ("residual", "layer-norm")

    def check_tokens(self, queries: Tokens, keys: Tokens, *, is_pooled: bool) -> None:
        """Raise MisuseError, before any layer runs, for selected tokens that the text lacks."""
        if self.segments is not None or is_pooled or (self.queries is None is self.keys):
            return
        from attnviz.api.reduce import check_tokens

        check_tokens(self.steps, queries, self.queries, "queries")
        check_tokens(self.steps, keys, self.keys, "keys")

    def make_collector(self, **recorded: Any) -> FullCollector:
        """The collector of all weights, or of norms in their place."""
        if self.contribution is None:
            return FullCollector(**recorded)
        from attnviz.core.engine.contributions import ContributionCollector

        return ContributionCollector(kind=self.contribution, **recorded)

    def apply(self, amap: AttentionMap) -> AttentionMap:
        """The map as requested.    [layer, head, query, key] -> fewer of each"""
        amap = self.selection.reduce(amap)
        if self.steps:
            from attnviz.api.reduce import apply_steps

            amap = apply_steps(amap, self.steps)
        if self.segments is not None:
            amap = select_segments(amap, self.segments)
        if self.queries is None is self.keys:
            return amap
        from attnviz.core.token_selection import select_queries_and_keys

        return select_queries_and_keys(amap, self.queries, self.keys)
