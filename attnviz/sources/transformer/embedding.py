"""Embedding layer: token, position and segment embeddings of token ids."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.positions import sinusoids
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import raise_invalid
from attnviz.sources.families.rope_config import max_length
from attnviz.sources.families.spec import Embedding
from attnviz.sources.transformer.weights import Weights


def embed_tokens(
    spec: Embedding, w: Weights, ids: Sequence[int], segments: Sequence[int], n_past: int = 0
) -> FloatArray:
    """Input of the first layer; `n_past` tokens are in the KV cache.    -> [token, d_model]"""
    d_model = w.config.get_int("d_model")
    x = lookup_embeddings(spec, w, ids)
    if w.resolve_flag(spec.scale):
        x = x * np.float32(sqrt(d_model))
    if w.resolve_flag(spec.token_dropout):
        x = drop_mask_tokens(w, ids, x)
    if spec.multiplier:
        x = x * np.float32(w.config.get_float(spec.multiplier))
    if spec.project_at == "token":
        x = project_embeddings(spec, w, x)
    if spec.sinusoids or (spec.position and w.resolve_flag(spec.position_if)):
        x = x + position_embeddings(spec, w, ids, x.shape[-1], n_past)
    if spec.segment and w.config.get_optional_int("n_segment"):
        has_second = spec.separate_segments and w.config.get_int("n_segment") > 1
        rows = segments if has_second else [0] * len(ids)
        x = x + w.tensors.rows(f"{spec.segment}.weight", rows, x.shape[-1])
    if spec.project_at == "sum":
        x = project_embeddings(spec, w, x)
    x = w.norm(x, spec.norm)
    return project_embeddings(spec, w, x) if spec.project_at == "end" else x


def lookup_embeddings(spec: Embedding, w: Weights, ids: Sequence[int]) -> FloatArray:
    """Token embeddings.    -> [token, d_embedding]"""
    name = embedding_table(spec, w)
    n_vocab = w.tensors.shape(name)[0]
    if ids and max(ids) >= n_vocab:
        raise InvalidInputError(
            f"token id {max(ids)} is not in the model's vocabulary of {n_vocab} tokens: the "
            "tokenizer belongs to another model"
        )
    width = w.config.get_int("d_embedding", w.config.get_int("d_model"))
    return w.tensors.rows(name, ids, width)


def drop_mask_tokens(w: Weights, ids: Sequence[int], x: FloatArray) -> FloatArray:
    """Mask tokens set to 0, and the rest scaled as in training, with 12 % of zeros.

    Formula: x · (1 - 0.12) / (1 - share of mask tokens)
    Shapes: [token, d] -> [token, d]
    Paper: 10.1126/science.ade2574 (ESM-2)
    """
    is_mask = np.array(ids) == w.config.get_int("mask_token_id")
    if is_mask.all():
        raise InvalidInputError("a text of mask tokens only has no embeddings (token_dropout)")
    return np.where(is_mask[:, None], 0, x) * np.float32(0.88 / (1 - is_mask.mean()))


def embedding_table(spec: Embedding, w: Weights) -> str:
    """Name of the tensor with the token embeddings."""
    names = [f"{name}.weight" for name in spec.token]
    return next((name for name in names if w.tensors.find(name)), names[0])


def position_embeddings(
    spec: Embedding, w: Weights, ids: Sequence[int], width: int, n_past: int
) -> FloatArray:
    """Learned or sinusoidal position embeddings.    -> [token, width]"""
    indices = position_indices(spec, w, ids, n_past)
    if spec.position:
        return w.tensors.rows(f"{spec.position}.weight", indices.tolist(), width)
    if spec.sinusoids == "halves":
        waves = sinusoids(indices, width)
        waves = np.concatenate([waves[:, ::2], waves[:, 1::2]], axis=-1)
    else:
        if width < 4 or width % 2:
            raise_invalid(w.config.find("d_model")[0], width, "even and at least 4")
        frequency = np.exp(-log(10000.0) / (width // 2 - 1) * np.arange(width // 2))
        angle = indices[:, None] * frequency
        waves = np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)
        waves[indices == position_offset(spec, w) - 1] = 0.0
    return waves.astype(np.float32)


def position_indices(spec: Embedding, w: Weights, ids: Sequence[int], n_past: int) -> IntArray:
    """The row of each token in the position table.    -> [token]"""
    if spec.offset != "pad":
        return np.arange(len(ids)) + n_past + spec.offset
    pad_id = w.config.get_optional_int("pad_token_id")
    is_token = np.array([token_id != pad_id for token_id in ids], dtype=np.intp)
    return (np.cumsum(is_token) + n_past) * is_token + (position_offset(spec, w) - 1)


def position_offset(spec: Embedding, w: Weights) -> int:
    """Number of rows of the position table before the first position."""
    if spec.offset == "pad":
        return (w.config.get_optional_int("pad_token_id") or 0) + 1
    return spec.offset


def max_positions(spec: Embedding, w: Weights) -> int | None:
    """Maximum length in tokens; None: unlimited."""
    limits = (spec.max_tokens(w.config), max_stored_positions(spec, w))
    return min((limit for limit in limits if limit is not None), default=None)


def max_stored_positions(spec: Embedding, w: Weights) -> int | None:
    """Number of positions in the table, or by the config; None: unlimited."""
    if spec.position and w.resolve_flag(spec.position_if):
        return w.tensors.shape(f"{spec.position}.weight")[0] - position_offset(spec, w)
    has_limit = spec.is_bounded and w.config.get("n_position") is not None
    return max_length(w.config) if has_limit else None


def project_embeddings(spec: Embedding, w: Weights, x: FloatArray) -> FloatArray:
    """Embeddings projected to the hidden size.    [token, d_embedding] -> [token, d_model]"""
    d_model = w.config.get_int("d_model")
    if not spec.project or (x.shape[-1] == d_model and not spec.project_always):
        return x
    return w.linear(x, spec.project, d_model, bias=spec.project_bias)
