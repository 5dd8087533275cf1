"""Logits of the vocabulary: the output matrix on hidden states, in chunks of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.spec import Family
from attnviz.sources.transformer.activations import ACTIVATIONS, find_activation
from attnviz.sources.transformer.embedding import embedding_table
from attnviz.sources.transformer.stack import LayerStack

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

LOGITS_CHUNK = 8192  # rows of the output matrix read at once; a vocabulary may outweigh all layers


def compute_logits(checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray) -> FloatArray:
    """The logits of the next token, or of a masked one.    [..., d_model] -> [..., V]"""
    chunks = list(logits_chunks(checkpoint, stack, hidden))
    return np.concatenate([chunk for _, chunk in chunks], axis=-1)


def logits_chunks(
    checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray
) -> Iterator[tuple[int, FloatArray]]:
    """The logits by chunks of the vocabulary, each with its first token id.

    Formula: logits = softcap(scale · (h Wᵀ + b)), h after the layers of a masked-LM head
    Shapes: [..., d_model] -> each [..., id]
    """
    family, config = checkpoint.family, checkpoint.config
    hidden = masked_lm_transform(checkpoint, stack, hidden)
    name, bias = output_matrix(checkpoint, stack), output_bias(checkpoint, stack)
    scale, cap = np.float32(family.logit_scale(config)), logit_cap(family, config)
    for start in range(0, checkpoint.tensors.shape(name)[0], LOGITS_CHUNK):
        rows = slice(start, start + LOGITS_CHUNK)
        logits = hidden @ checkpoint.tensors.rows(name, rows, hidden.shape[-1]).T
        if bias is not None:
            logits = logits + bias[rows]
        logits = logits * scale if scale != 1 else logits
        yield start, logits if cap is None else np.tanh(logits / cap) * cap


def logit_cap(family: Family, config: Config) -> np.float32 | None:
    """The soft cap of the logits; None: not capped."""
    key = family.logit_softcap
    if not key or config.get_explicit(key) is None:
        return None
    return np.float32(config.get_float(key))


def masked_lm_transform(
    checkpoint: Checkpoint, stack: LayerStack, hidden: FloatArray
) -> FloatArray:
    """The layers of a masked-LM head before its output matrix; without a head, the identity.

    Shapes: [..., d_model] -> [..., d_embedding]
    """
    head = checkpoint.family.masked_lm_head
    if head is None:
        return hidden
    w, config = stack.weights, stack.config
    width = config.get_int("d_embedding", config.get_int("d_model"))
    act = ACTIVATIONS.get(head.activation)
    if act is None:
        key, name = config.find(head.activation)[0], config.get_str(head.activation)
        act = find_activation(name, key)
    return w.norm(act(w.linear(hidden, head.dense, width, bias=head.dense_bias)), head.norm)


def output_matrix(checkpoint: Checkpoint, stack: LayerStack) -> str:
    """The name of the output matrix: that of the checkpoint, or the token embeddings if tied.

    Raises InvalidInputError for a checkpoint without its output matrix, or without the other
    layers of its masked-LM head.
    """
    family, head = checkpoint.family, checkpoint.family.masked_lm_head
    names = [f"{name}.weight" for name in family.lm_head]
    if head is not None:
        names = [f"{head.output}.weight"]
        if checkpoint.tensors.find(f"{head.dense}.weight") is None:
            raise InvalidInputError(
                f"{checkpoint.name!r} has no masked-LM head (tensor '{head.dense}.weight'); "
                f"save it with transformers.{family.auto_class}"
            )
    name = next(filter(checkpoint.tensors.find, names), None)
    if name is None and not checkpoint.config.get_bool("tie_word_embeddings", default=True):
        raise InvalidInputError(
            f"{checkpoint.name!r} has no output matrix {names[0]!r} (tie_word_embeddings = "
            f"false), so it predicts no tokens; save it with transformers.{family.auto_class}"
        )
    return name or embedding_table(stack.spec.embedding, stack.weights)


def output_bias(checkpoint: Checkpoint, stack: LayerStack) -> FloatArray | None:
    """The bias of the logits, if the checkpoint has one.    -> [V]"""
    family, tensors = checkpoint.family, checkpoint.tensors
    n_vocab = tensors.shape(output_matrix(checkpoint, stack))[0]
    if family.masked_lm_head is not None:
        head = family.masked_lm_head
        if not stack.weights.resolve_flag(head.bias_if):
            return None
        name = next(filter(tensors.find, head.bias), head.bias[0])
        return tensors.get(name, (n_vocab,))
    if family.lm_head_bias and tensors.find(family.lm_head_bias):
        is_row = len(tensors.shape(family.lm_head_bias)) > 1
        return tensors.get(family.lm_head_bias, (1, n_vocab) if is_row else (n_vocab,)).ravel()
    return None
