"""Pending maps: checked and tokenized, with a forward pass that has not run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.api.map_request import MapRequest, TokenSelector
from attnviz.api.pooling import build_pooled_map, choose_pool_size
from attnviz.argument_types import require_type
from attnviz.core.arrays import stack_read_only
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import AttendCallback
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.selection import HeadSelection, Selector
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.output_format import Format
from attnviz.sources.forward_pass import (
    ForwardPass,
    build_forward_pass,
    check_request,
    find_unused_options,
    refuse_unused,
)

if TYPE_CHECKING:
    from attnviz.core.engine.pooled_collector import PooledCollector


class PendingMap(Record, eq=False):
    """A map whose forward pass has not run: its collector, and what becomes of the weights."""

    text: str
    context: str | None
    forward: ForwardPass
    request: MapRequest
    collector: FullCollector | PooledCollector
    last_layer: int | None
    pool_by: str

    @property
    def attend(self) -> AttendCallback:
        """The callback that the forward pass runs its layers with."""
        return self.collector.callback(self.forward.variant_for)

    @cached_property
    def n_weight(self) -> int:
        """The weights of the map before it is reduced, at most."""
        n_pair = len(self.forward.queries) * len(self.forward.keys)
        return self.forward.n_layer * self.forward.n_head * n_pair

    def run(self) -> None:
        """Run the layers that are needed."""
        self.forward.run(self.attend, self.last_layer)

    def build(self) -> AttentionMap:
        """The map, after the run."""
        if isinstance(self.collector, FullCollector):
            amap = build_map(self.forward, self.collector, self.text, self.context)
        else:
            meta = build_meta(self.forward, self.collector)
            amap = build_pooled_map(
                self.forward, self.collector, self.pool_by, self.text, self.context, meta
            )
        return self.request.apply(amap)


def prepare_map(
    formats: Collection[Format],
    text: str,
    context: str | None = None,
    *,
    select_layers: Selector = None,
    select_heads: Selector = None,
    select_segments: str | None = None,
    select_queries: TokenSelector = None,
    select_keys: TokenSelector = None,
    contribution: str | None = None,
    reduce: Sequence[str] = (),
    with_vectors: bool = False,
    pool: int | None = None,
    pool_by: str | None = None,
    **options: Any,
) -> PendingMap:
    """The map that `look` computes, checked but not computed."""
    require_type("with_vectors", with_vectors, bool)
    require_type("select_segments", select_segments, str)
    require_type("pool", pool, int)
    require_type("pool_by", pool_by, str)
    selection = HeadSelection.parse(select_layers, select_heads)
    request = MapRequest.parse(
        selection, select_segments, select_queries, select_keys, contribution, reduce
    )
    if with_vectors and request.drops_vectors:
        raise MisuseError("--with-qk has no effect on reduced maps: they have no vectors")
    forward, pool_size = prepare(
        text, context, selection, pool, pool_by, with_vectors, options, formats
    )
    request.check_tokens(forward.queries, forward.keys, is_pooled=pool_size is not None)
    layers, heads = selection.resolve(range(forward.n_layer), range(forward.n_head))
    last = None if layers is None else max(layers)
    collector: FullCollector | PooledCollector
    if pool_size is None:
        recorded: Any = {"layers": layers, "heads": heads, "n_layer": forward.n_layer}
        recorded["with_vectors"] = with_vectors
        collector = request.make_collector(**recorded)
    else:
        for option, is_given in (
            ("contribution", contribution is not None),
            ("segments", select_segments is not None),
            ("with-qk", with_vectors),
        ):
            if is_given:
                raise MisuseError(f"--{option} cannot be combined with a pooled map; add --pool 0")
        from attnviz.core.engine.pooled_collector import PooledCollector

        collector = PooledCollector(max_bins=pool_size, layers=layers, heads=heads)
    return PendingMap(text, context, forward, request, collector, last, pool_by or "share")


def prepare(
    text: str,
    context: str | None,
    selection: HeadSelection,
    pool: int | None,
    pool_by: str | None,
    has_vectors: bool,
    options: Any,
    formats: Collection[Format] = (),
) -> tuple[ForwardPass, int | None]:
    """The forward pass of a request and the size of its pooled map, checked."""
    if has_vectors and selection.is_reduced:
        raise MisuseError("--with-qk has no effect on reduced heads, layers or tokens")
    forward = build_forward_pass(text, context, **options)
    pool_size = choose_pool_size(forward, pool, pool_by)
    layers, heads = selection.resolve(range(forward.n_layer), range(forward.n_head))
    check_request(forward, layers, heads, pool_size, formats=formats)
    if unused := find_unused_options(text, context, **options):
        refuse_unused(unused, str(forward.meta().get("variant")), has_vectors)
    return forward, pool_size


def build_map(
    forward: ForwardPass, collector: FullCollector, text: str, context: str | None = None
) -> AttentionMap:
    """The map of a forward pass, from what its collector recorded."""
    return AttentionMap(
        queries=forward.queries,
        keys=forward.keys,
        weights=collector.stack_weights(),
        visible=stack_read_only(np.broadcast_arrays(*collector.visible)),
        layers=tuple(collector.recorded_layers),
        heads=collector.recorded_heads,
        text=text,
        context=context,
        meta=build_meta(forward, collector),
        query_vectors=stack_read_only(collector.queries) if collector.queries else None,
        key_vectors=stack_read_only(collector.keys) if collector.keys else None,
    )


def build_meta(forward: ForwardPass, collector: Collector) -> MapMetadata:
    """The metadata of a map: forward pass, properties of the mechanism, versions."""
    return {**forward.meta(), **collector.properties(), **library_versions()}


def library_versions() -> MapMetadata:
    """The versions of attnviz and NumPy."""
    from attnviz._version import __version__

    return {"attnviz": __version__, "numpy": np.__version__}
