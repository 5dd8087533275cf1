"""Packed run: several texts in one forward pass, their tokens one after the other.

Projections, norms and feed-forward layers are computed for the tokens of all texts at once, so
that weights are read once for all of them; attention is computed for all texts of one length at
once, where their mechanism allows it, else text by text. There is no padding. Rows of a matrix
product may round differently beside others, by the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import groupby

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.text_batch import attend_batch, can_batch
from attnviz.core.grid import TokenFeature
from attnviz.core.token_features import compute_token_features
from attnviz.record import Record
from attnviz.sources.model.predictions import predict_tokens
from attnviz.sources.model.run_model import ModelPass
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens


class PackedText(Record, eq=False):
    """One text of a packed run, and the collector that records it."""

    forward: ModelPass
    collector: Collector

    @property
    def n_token(self) -> int:
        """The number of its tokens."""
        return len(self.forward.encoding.ids)

    @cached_property
    def token_features(self) -> Mapping[str, TokenFeature]:
        """The features of its tokens."""
        return compute_token_features(self.forward.queries, self.forward.queries)

    def attend(self, call: LayerCall, own: slice) -> FloatArray:
        """Its attention alone; its tokens in the call are `own`.    -> [head, token, d_value]"""
        attend = self.collector.callback(self.forward.variant_for)
        return attend(call.select_tokens(own, own, self.token_features))


def can_pack(forward: object) -> bool:
    """Whether texts of this kind can share a run: one stack of layers that act token by token."""
    return (
        isinstance(forward, ModelPass)
        and forward.target is None
        and len(forward.model.stacks) == 1
        and not (stack := forward.model.stack_for(forward.kind)).has_convolution
        and stack.spec.feed_forward.experts is None
    )


def run_packed(texts: Sequence[PackedText], last_layer: int | None = None) -> None:
    """Run texts of one model up to and including `last_layer` (None: all), as `ModelPass.run`.

    All texts have the same model and options.
    """
    texts = sorted(texts, key=lambda text: text.n_token)
    first = texts[0].forward
    model, stack = first.model, first.model.stack_for(first.kind)
    needs_output = first.request is not None
    embedded = [
        embed_tokens(stack.spec.embedding, stack.weights, ids, type_ids)
        for _, ids, type_ids in (text.forward.encoding for text in texts)
    ]
    attend = partial(attend_packed, texts)
    hidden = stack.run(
        np.concatenate(embedded),
        AttentionContext(attend=attend, kind=first.kind, needs_output=needs_output),
        last_layer=None if needs_output else last_layer,
    )
    for text, own in zip(texts, text_rows(texts), strict=True) if needs_output else ():
        forward = text.forward
        assert forward.request is not None  # as that of the first
        forward.predicted[:] = [
            predict_tokens(model, forward.kind, forward.encoding, hidden[own], forward.request)
        ]


def text_rows(texts: Iterable[PackedText]) -> Iterator[slice]:
    """The tokens of each text among those of all."""
    start = 0
    for text in texts:
        yield slice(start, start + text.n_token)
        start += text.n_token


def attend_packed(texts: Sequence[PackedText], call: LayerCall) -> FloatArray:
    """The attention of a packed run; texts are in the order of their lengths.

    Shapes: -> [head, token, d_value], as [token, head, d_value] in memory
    """
    variant = texts[0].forward.variant_for(call)
    n_head, n_token, _ = call.inputs.query.shape
    output = np.empty((n_token, n_head, call.value.shape[-1]), np.float32).swapaxes(0, 1)
    pairs = zip(texts, text_rows(texts), strict=True)
    for _, equal in groupby(pairs, key=lambda pair: pair[0].n_token):
        batch, rows = zip(*equal, strict=True)
        collectors = [text.collector for text in batch]
        if len(batch) > 1 and can_batch(call, variant, collectors):
            tokens = slice(rows[0].start, rows[-1].stop)
            attend_batch(
                call.select_tokens(tokens, tokens, {}), variant, collectors, output[:, tokens]
            )
            continue
        for text, own in zip(batch, rows, strict=True):
            result = text.attend(call, own)
            if call.needs_output:
                output[:, own] = result
    return output
