"""Packed run: several texts in one forward pass, their tokens one after the other.

Projections, norms and feed-forward layers are computed for the tokens of all texts at once, so
that weights are read once for all of them; attention is computed text by text. There is no
padding. Rows of a matrix product may round differently beside others, by the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.token_features import compute_token_features
from attnviz.record import Record
from attnviz.sources.model.predictions import predict_tokens
from attnviz.sources.model.run_model import ModelPass
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens


class PackedText(Record, eq=False):
    """One text of a packed run, and the callback of its attention."""

    forward: ModelPass
    attend: AttendCallback

    @property
    def n_token(self) -> int:
        """The number of its tokens."""
        return len(self.forward.encoding.ids)


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

    All texts have the same model and request the same predictions, if any.
    """
    first = texts[0].forward
    model, stack = first.model, first.model.stack_for(first.kind)
    ends = np.cumsum([text.n_token for text in texts])
    rows = [slice(end - text.n_token, end) for text, end in zip(texts, ends, strict=True)]
    features = [
        dict(compute_token_features(tokens, tokens))
        for tokens in (text.forward.encoding.tokens for text in texts)
    ]

    def attend(call: LayerCall) -> FloatArray:
        outputs = [
            text.attend(call.select_tokens(own, own, names))
            for text, own, names in zip(texts, rows, features, strict=True)
        ]
        if not call.needs_output:
            return np.empty((len(call.inputs.query), ends[-1], call.value.shape[-1]), np.float32)
        return np.concatenate(outputs, axis=1)

    needs_output = first.request is not None
    embedded = [
        embed_tokens(stack.spec.embedding, stack.weights, ids, type_ids)
        for _, ids, type_ids in (text.forward.encoding for text in texts)
    ]
    hidden = stack.run(
        np.concatenate(embedded),
        AttentionContext(attend=attend, kind=first.kind, needs_output=needs_output),
        last_layer=None if needs_output else last_layer,
    )
    for text, own in zip(texts, rows, strict=True) if needs_output else ():
        forward = text.forward
        assert forward.request is not None  # as that of the first
        forward.predicted[:] = [
            predict_tokens(model, forward.kind, forward.encoding, hidden[own], forward.request)
        ]
