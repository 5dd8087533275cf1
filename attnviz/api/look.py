"""look: the attention weights of a sentence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Unpack

from attnviz.api.blas_threads import use_threads
from attnviz.api.map_request import MapRequest, TokenSelector
from attnviz.api.pending_map import prepare, prepare_map
from attnviz.core.attention_map import AttentionMap
from attnviz.core.selection import HeadSelection, Selector
from attnviz.render.output_format import Format
from attnviz.sources.options import Options
from attnviz.sources.token_text import TextInput, as_text


def look(
    text: TextInput,
    context: TextInput | None = None,
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
    **options: Unpack[Options],
) -> AttentionMap:
    """Compute the attention weights of a sentence.

    Without `model`, embeddings and projections are random: the weights show how a mechanism
    works, not what a trained model attends to.

    Args:
        text: the sentence, or its tokens as a list; the tokens are the queries.
        context: a second sentence whose tokens are the keys (cross-attention); None: the text.
        select_layers: the layers to keep: a number (negative: from the end), several, or a
            text such as "0,2-5"; "mean", "max" or "min": all, combined into one. Earlier layers
            are computed too.
        select_heads: the heads to keep, likewise; or "2.9" for head 9 of layer 2.
        select_segments: for sentence pairs, the segments of queries and keys, as in "A,B".
        select_queries: the queries to keep: a position (negative: from the end), a range "0-5",
            a word (each occurrence, with all its pieces), or several, "cat,0-2".
        select_keys: the keys to keep, likewise; weights are not renormalized.
        contribution: norms in place of weights: "value", α ‖v‖; "norm", ‖α v W_O‖ (2004.10102);
            "residual", ‖Σ_h α v W_O + x‖ over all heads; "layer-norm", the same through the
            layer norm that follows (2109.07152).
        reduce: steps of `attnviz.reduce`, such as ["layers:rollout", "tokens:words"], after
            the selection of layers and heads and before that of tokens.
        with_vectors: also keep query and key vectors, rotated by position where the mechanism
            rotates them, which some views need.
        pool: pool the map to at most N × N cells; 0: never; None: to 512 × 512 for texts of
            more than 4,096 tokens.
        pool_by: what a pooled cell shows: "share", the total weight on its keys, averaged over
            its queries (the default); "mean", the mean of its weights; or "strongest", the
            largest.
        options: variant, model, tokenizer, seed, dim, heads, layers…; see
            attnviz.sources.options.Options. Tunables of the mechanism's parts are keywords too,
            as in window=2; for type checkers, tunables={"window": 2}.

    Returns:
        The attention map, weights [layer, head, query, key].

    Raises:
        MisuseError: invalid options, with the values that are allowed.
        InvalidInputError: a model or tokenizer file that cannot be used.
        CouldNotError: a model that cannot be loaded.

    >>> look("The cat sat", variant="causal").weights[0, 0, 0].tolist()
    [1.0, 0.0, 0.0]
    """
    return look_to_write(
        (),
        as_text("text", text),
        None if context is None else as_text("context", context),
        select_layers=select_layers,
        select_heads=select_heads,
        select_segments=select_segments,
        select_queries=select_queries,
        select_keys=select_keys,
        contribution=contribution,
        reduce=reduce,
        with_vectors=with_vectors,
        pool=pool,
        pool_by=pool_by,
        **options,
    )


@use_threads()
def look_to_write(
    formats: Collection[Format], text: str, context: str | None = None, **options: Any
) -> AttentionMap:
    """`look`, for a map that is then written in these formats.

    Raises MisuseError, before anything is computed, where they need more memory than there is.
    """
    pending = prepare_map(formats, text, context, **options)
    pending.run()
    return pending.build()


def check_look(
    text: str,
    context: str | None = None,
    *,
    select_layers: Selector = None,
    select_heads: Selector = None,
    pool: int | None = None,
    pool_by: str | None = None,
    **options: Any,
) -> None:
    """Raise what `look` would raise for these options before it computes anything.

    Generation is left out: it runs the model.
    """
    has_vectors = options.pop("with_vectors", False)
    selection = HeadSelection.parse(select_layers, select_heads)
    names = ("select_segments", "select_queries", "select_keys", "contribution", "reduce")
    MapRequest.parse(selection, *(options.pop(name, None) for name in names))
    options.pop("generate", None)
    prepare(text, context, selection, pool, pool_by, has_vectors, options)
