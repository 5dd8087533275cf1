"""Text in, map out: what the command line and Python users both call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Unpack

import numpy as np

from attnviz.api.blas_threads import threads
from attnviz.api.pooling import pooled_map_of, stretches
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.collectors import Collector, FullMap
from attnviz.core.engine.pooled_collector import PooledMap
from attnviz.errors import MisuseError
from attnviz.sources.forward_pass import Subject, check, subject_of
from attnviz.sources.options import Options


@threads()
def look(
    text: str,
    context: str | None = None,
    *,
    select_layers: Collection[int] | None = None,
    select_heads: Collection[int] | None = None,
    select_segments: str | None = None,
    with_vectors: bool = False,
    pool: int | None = None,
    pool_by: str = "share",
    **options: Unpack[Options],
) -> AttentionMap:
    """Where attention looks in a sentence.

    Args:
        text: the sentence whose tokens ask (the queries).
        context: another sentence whose tokens answer (the keys); None: the text itself.
        select_layers: the layers to keep; those before them run, but are not shown.
        select_heads: the heads to keep.
        select_segments: of a pair of texts, who looks and who is looked at, as in "A,B".
        with_vectors: keep queries and keys too, for views that show what scores are made of.
        pool: at most so many stretches of tokens a side; 0 keeps every token, None pools
            texts of more than 4,096 tokens.
        pool_by: what a pooled cell shows: "share", what its queries spend on its keys,
            "mean", or "strongest".
        options: variant, model, tokenizer, seed, dim, heads, layers…; see asking.Options.

    Raises:
        MisuseError: a request that makes no sense, with what is allowed.

    >>> look("The cat sat", variant="causal").weights[0, 0, 0].tolist()
    [1.0, 0.0, 0.0]
    """
    subject = subject_of(text, context, **options)
    most = stretches(subject, pool, pool_by)
    check(subject, select_layers, select_heads, most)
    wanted: dict[str, Any] = {"layers": select_layers, "heads": select_heads}
    last = None if select_layers is None else max(select_layers)
    if most is not None:
        if select_segments is not None:
            raise MisuseError("--segments needs every token; it does not go with a pooled map")
        pooled = PooledMap(most=most, **wanted)
        subject.run(pooled.attend(subject.choose), last)
        meta = meta_of(subject, pooled)
        return pooled_map_of(subject, pooled, pool_by, text, context, meta)
    collector = FullMap(with_vectors=with_vectors, **wanted)
    subject.run(collector.attend(subject.choose), last)
    made = map_of(subject, collector, text, context)
    if select_segments is None:
        return made
    from attnviz.core.subset import between

    return between(made, select_segments)


def map_of(
    subject: Subject, collector: FullMap, text: str, context: str | None = None
) -> AttentionMap:
    """What a collector kept of a subject."""
    return AttentionMap(
        queries=subject.queries,
        keys=subject.keys,
        weights=np.stack(collector.weights),
        visible=np.stack(np.broadcast_arrays(*collector.visible)),
        layers=tuple(collector.kept),
        heads=collector.kept_heads,
        text=text,
        context=context,
        meta=meta_of(subject, collector),
        query_vectors=np.stack(collector.queries) if collector.queries else None,
        key_vectors=np.stack(collector.keys) if collector.keys else None,
    )


def meta_of(subject: Subject, collector: Collector) -> dict[str, Any]:
    """How a map was made."""
    return {**subject.meta(), **collector.laws(), **versions()}


def versions() -> dict[str, Any]:
    """What the numbers were made with."""
    from attnviz._version import __version__

    return {"attnviz": __version__, "numpy": np.__version__}
