"""Ablation runs: the hidden states of a model with one head after the other ablated.

The layers before the ablated head run once. Copies of the text, each with another ablated head,
run through a layer together along the token axis: weights are read once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Literal, get_args

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.collectors import run_layer
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.grid import TokenFeature
from attnviz.core.normalizers import Softmax
from attnviz.core.positions import NoPosition
from attnviz.core.scores.query_free import Uniform
from attnviz.core.token_features import compute_token_features
from attnviz.core.variant import Variant
from attnviz.record import Record
from attnviz.sources.model.mean_outputs import MeanOutputs
from attnviz.sources.model.run_model import ModelPass
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens
from attnviz.sources.transformer.stack import LayerStack

Computed = Literal["zero", "uniform"]  # replacements that need no other text
REPLACEMENTS: tuple[str, ...] = get_args(Computed)
Head = tuple[int, int]  # layer, head
BATCH_TOKENS = 1024  # of the copies of the text that run through a layer at once
GROUP_NUMBERS = 1 << 25  # of the hidden states of the copies that take turns in each layer


class OriginalRun(Record, eq=False):
    """The run of the original model, with what the ablation runs begin with.

    `inputs` are the hidden states before each layer, and those after the last one, without the
    final layer norm. `heads` are the outputs of the heads of each layer before W_O, `replaced`
    those that they are replaced by when they are ablated.
    Shapes: inputs [layer + 1, token, d_model]; heads, replaced: each [head, token, d]
    """

    forward: ModelPass
    stack: LayerStack
    inputs: list[FloatArray]
    heads: list[FloatArray]
    replaced: list[FloatArray]
    encoder_states: FloatArray | None = None

    @property
    def encoding(self) -> Encoding:
        """The tokens of the stack whose heads are ablated."""
        return self.forward.target or self.forward.encoding

    @property
    def output(self) -> FloatArray:
        """The hidden states after the final layer norm.    -> [token, d]"""
        return self.stack.final_norm(self.inputs[-1])

    def run_layers(self, x: FloatArray, attend: AttendCallback, layers: range) -> FloatArray:
        """Some layers with this attention.    [token, d_model] -> [token, d_model]"""
        if self.encoder_states is None:
            kind = next(iter(self.forward.model.attentions))
            return self.stack.run_layers(x, AttentionContext(attend=attend, kind=kind), layers)
        cross = AttentionContext(attend=attend, kind="cross", encoder_states=self.encoder_states)
        context = AttentionContext(attend=attend, kind="decoder")
        return self.stack.run_layers(x, context, layers, cross)

    def attend_copy(self, call: LayerCall, copy: int = 0, n_copy: int = 1) -> FloatArray:
        """The attention of one copy of the text, with the intervention of the forward pass.

        Shapes: -> [head, token, d]
        """
        one = select_copy(call, copy, n_copy, self.token_features(call.kind))
        is_shown = call.kind == self.forward.kind
        variant = self.forward.variant_for(one) if is_shown else one.variant
        return require_output(variant, one)

    def token_features(self, kind: str) -> dict[str, TokenFeature]:
        """The token features of a kind of attention."""
        keys = self.forward.encoding if kind == "cross" else self.encoding
        return dict(compute_token_features(self.encoding.tokens, keys.tokens))


def run_original(forward: ModelPass, replacement: Computed | MeanOutputs = "zero") -> OriginalRun:
    """Run the model once. An encoder-decoder runs its encoder once for all ablation runs."""
    model, kind = forward.model, forward.kind
    stack, states = model.stack_for(kind), None
    if forward.target is not None:
        states = model.run(forward.encoding, lambda call: require_output(call.variant, call))
    _, ids, type_ids = forward.target or forward.encoding
    x = embed_tokens(stack.spec.embedding, stack.weights, ids, type_ids)
    run = OriginalRun(forward, stack, [x], [], [], states)

    def attend(call: LayerCall) -> FloatArray:
        output = run.attend_copy(call)
        if call.kind == kind:
            run.heads.append(output)
            if replacement == "zero":
                run.replaced.append(np.zeros_like(output))
            elif replacement == "uniform":
                one = select_copy(call, 0, 1, run.token_features(kind))
                run.replaced.append(require_output(uniform_attention(one.variant), one))
        return output

    for layer in range(stack.n_layer):
        run.inputs.append(run.run_layers(run.inputs[-1], attend, range(layer, layer + 1)))
    if not isinstance(replacement, str):
        run.replaced.extend(replacement.replacements(run.heads))
    return run


def run_ablated(
    run: OriginalRun, on_layers: Callable[[int], object] = lambda n_layer: None
) -> Iterator[tuple[Sequence[Head], FloatArray]]:
    """The hidden states after the final layer norm of each ablation run, in groups.

    `on_layers` is called with the number of layers that copies have run since the last call; they
    add up to `count_layers(run)`.
    Shapes: each [ablated head, token, d]
    """
    heads = list(all_heads(run))
    size = max(1, GROUP_NUMBERS // run.inputs[0].size)
    for start in range(0, len(heads), size):
        group = heads[start : start + size]
        yield group, run_group(run, group, on_layers)


def all_heads(run: OriginalRun) -> Iterator[Head]:
    """All heads as (layer, head), in order."""
    return product(range(run.stack.n_layer), range(run.forward.n_head))


def count_layers(run: OriginalRun) -> int:
    """The number of layers that all ablation runs have together."""
    return sum(run.stack.n_layer - layer for layer, _ in all_heads(run))


def run_group(
    run: OriginalRun, group: Sequence[Head], on_layers: Callable[[int], object]
) -> FloatArray:
    """One copy of the text per head, each from the layer of its head on.

    Shapes: -> [ablated head, token, d]
    """
    x = np.empty((len(group), *run.inputs[0].shape), np.float32)
    for layer in range(group[0][0], run.stack.n_layer):
        is_new = [own == layer for own, _ in group]
        x[is_new] = run.inputs[layer]
        n_begun = sum(own <= layer for own, _ in group)
        step = max(1, BATCH_TOKENS // x.shape[1])
        if layer == 0 and run.stack.has_convolution:
            step = 1  # the convolution would mix the copies
        for start in range(0, n_begun, step):
            copies = slice(start, min(start + step, n_begun))
            x[copies] = run_copies(run, layer, group[copies], x[copies])
            on_layers(copies.stop - copies.start)
    return run.stack.final_norm(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:2], -1)


def run_copies(run: OriginalRun, layer: int, heads: Sequence[Head], x: FloatArray) -> FloatArray:
    """One layer of some copies.    [copy, token, d_model] -> [copy, token, d_model]"""

    def attend(call: LayerCall) -> FloatArray:
        outputs = []
        for copy, (own, head) in enumerate(heads):
            if call.kind != run.forward.kind or own != layer:
                outputs.append(run.attend_copy(call, copy, len(heads)))
                continue
            output = run.heads[layer].copy()
            output[head] = run.replaced[layer][head]
            outputs.append(output)
        return np.concatenate(outputs, axis=1)

    y = run.run_layers(x.reshape(-1, x.shape[-1]), attend, range(layer, layer + 1))
    return y.reshape(x.shape)


def select_copy(
    call: LayerCall, copy: int, n_copy: int, features: dict[str, TokenFeature]
) -> LayerCall:
    """The call of one copy of the text; all copies have the same keys in cross-attention.

    Shapes: query [head, copy × token, d] -> [head, token, d]
    """
    n_query = call.inputs.query.shape[1] // n_copy
    rows = slice(copy * n_query, (copy + 1) * n_query)
    return call.select_tokens(rows, slice(None) if call.kind == "cross" else rows, features)


def require_output(variant: Variant, call: LayerCall) -> FloatArray:
    """The output of a call by this mechanism.    -> [head, query, d]"""
    output = run_layer(variant, call.inputs, call.value)
    assert output is not None  # a call has values
    return output


def uniform_attention(own: Variant) -> Variant:
    """A layer's mechanism with equal weights on all visible keys of a query."""
    return replace(
        own, score=Uniform(), position=NoPosition(), bias=(), normalize=Softmax(), name="uniform"
    )
