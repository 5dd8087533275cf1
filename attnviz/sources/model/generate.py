"""Greedy decoding with a KV cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import AttendCallback
from attnviz.errors import MisuseError
from attnviz.sources.model.generation_limits import check_generation
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens, embedding_table
from attnviz.sources.transformer.kv_cache import KVCache
from attnviz.sources.transformer.stack import LayerStack

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

LOGITS_CHUNK = 8192  # rows of the output matrix read at once; a vocabulary may outweigh all layers


def generate(
    checkpoint: Checkpoint, encoding: Encoding, n: int, attend: AttendCallback
) -> list[int]:
    """The ids of the next n tokens, or of fewer where the model ends the sequence.

    A decoder continues the text; an encoder-decoder generates a new one from its start token.
    Raises MisuseError for an encoder, and for more tokens than the model or the memory allows.
    """
    if "decoder" not in checkpoint.stacks:
        raise MisuseError(f"{checkpoint.name!r} is an encoder; --generate needs a decoder")
    stack, is_decoder = checkpoint.stacks["decoder"], len(checkpoint.stacks) == 1
    ids = list(encoding.ids) if is_decoder else [checkpoint.start_id]
    check_generation(checkpoint, len(encoding.ids), len(ids), n)
    kind, cross_context = "self" if is_decoder else "decoder", None
    if not is_decoder:
        states = checkpoint.run(encoding, attend)
        cross_context = AttentionContext(attend=attend, kind="cross", encoder_states=states)
    context = AttentionContext(attend=attend, kind=kind, cache=KVCache())
    return decode_greedy(checkpoint, stack, ids, n, context, cross_context)


def decode_greedy(
    checkpoint: Checkpoint,
    stack: LayerStack,
    ids: list[int],
    n: int,
    context: AttentionContext,
    cross_context: AttentionContext | None,
) -> list[int]:
    """Up to n ids that continue `ids`; `context` has a KV cache, so each step runs one token."""
    generated: list[int] = []
    eos_ids = checkpoint.eos_ids
    n_past = 0
    while len(generated) < n:
        x = embed_tokens(stack.spec.embedding, stack.weights, ids, [0] * len(ids), n_past)
        hidden = stack.run(x, context, cross_context=cross_context)
        n_past += len(ids)
        next_id = most_likely_id(checkpoint, stack, hidden[-1])
        if next_id in eos_ids:
            break
        generated.append(next_id)
        ids = [next_id]
    return generated


def most_likely_id(checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray) -> int:
    """The token id with the largest logit; the lowest such id.    [d_model] -> id

    The scaling and soft-capping of logits in some families are left out: both keep the order.
    """
    tensors, family = checkpoint.tensors, checkpoint.family
    names = [f"{name}.weight" for name in family.lm_head]
    name = next(filter(tensors.find, names), embedding_table(stack.spec.embedding, stack.weights))
    n_vocab = tensors.shape(name)[0]
    logits = np.concatenate(
        [
            tensors.rows(name, slice(start, start + LOGITS_CHUNK), hidden.size) @ hidden
            for start in range(0, n_vocab, LOGITS_CHUNK)
        ]
    )
    if family.lm_head_bias and tensors.find(family.lm_head_bias):
        logits = logits + tensors.get(family.lm_head_bias, (1, n_vocab))[0]
    return int(logits.argmax())
