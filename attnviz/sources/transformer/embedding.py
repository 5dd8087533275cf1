"""From ids to vectors: words, positions, segments."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.positions import sinusoids
from attnviz.errors import InvalidInputError
from attnviz.sources.families.rope_config import longest
from attnviz.sources.families.spec import Embedding
from attnviz.sources.transformer.weights import Weights


def embedded(
    row: Embedding, w: Weights, ids: Sequence[int], segments: Sequence[int], start: int = 0
) -> FloatArray:
    """What the first layer reads; `start` tokens were read before.    -> [token, d_model]"""
    d_model = w.config.whole("d_model")
    x = words(row, w, ids)
    if w.given(row.scale):
        x = x * np.float32(sqrt(d_model))
    if row.project_at == "word":
        x = projected(row, w, x)
    if row.sinusoids or (row.position and w.given(row.position_if)):
        x = x + positions(row, w, ids, x.shape[-1], start)
    if row.segment and w.config.get("n_segment"):
        two = row.segments and w.config.whole("n_segment") > 1
        numbers = segments if two else [0] * len(ids)
        x = x + w.tensors.rows(f"{row.segment}.weight", numbers, x.shape[-1])
    if row.project_at == "sum":
        x = projected(row, w, x)
    x = w.norm(x, row.norm)
    return projected(row, w, x) if row.project_at == "end" else x


def words(row: Embedding, w: Weights, ids: Sequence[int]) -> FloatArray:
    """The rows of these words.    -> [token, d_embedding]"""
    name = word_table(row, w)
    n_word = w.tensors.shape(name)[0]
    if ids and max(ids) >= n_word:
        raise InvalidInputError(
            f"a token has the number {max(ids)}, but the model knows {n_word} words: "
            "its tokenizer belongs to another model"
        )
    width = w.config.whole("d_embedding", w.config.whole("d_model"))
    return w.tensors.rows(name, ids, width)


def word_table(row: Embedding, w: Weights) -> str:
    """The name of the matrix with a row for each word."""
    names = [f"{name}.weight" for name in row.word]
    return next((name for name in names if w.tensors.find(name)), names[0])


def positions(
    row: Embedding, w: Weights, ids: Sequence[int], width: int, start: int
) -> FloatArray:
    """What is added for where a token stands.    -> [token, width]"""
    place = places(row, w, ids, start)
    if row.position:
        return w.tensors.rows(f"{row.position}.weight", place.tolist(), width)
    if row.sinusoids == "halves":
        waves = sinusoids(place, width)
        waves = np.concatenate([waves[:, ::2], waves[:, 1::2]], axis=-1)
    else:
        pace = np.exp(-log(10000.0) / (width // 2 - 1) * np.arange(width // 2))
        angle = place[:, None] * pace
        waves = np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)
        waves[place == offset(row, w) - 1] = 0.0
    return waves.astype(np.float32)


def places(row: Embedding, w: Weights, ids: Sequence[int], start: int) -> IntArray:
    """The row of each token in the table of positions.    -> [token]"""
    if row.offset != "pad":
        return np.arange(len(ids)) + start + row.offset
    pad = w.config.get("pad_token_id")
    real = np.array([token != pad for token in ids], dtype=np.intp)
    return (np.cumsum(real) + start) * real + (offset(row, w) - 1)


def offset(row: Embedding, w: Weights) -> int:
    """How many rows of the table of positions lie before the first position."""
    if row.offset == "pad":
        return int(w.config.get("pad_token_id") or 0) + 1
    return row.offset


def limit(row: Embedding, w: Weights) -> int | None:
    """How many tokens the model has positions for; None: any number."""
    if row.position and w.given(row.position_if):
        return w.tensors.shape(f"{row.position}.weight")[0] - offset(row, w)
    return None if w.config.get("n_position") is None else longest(w.config)


def projected(row: Embedding, w: Weights, x: FloatArray) -> FloatArray:
    """Embeddings in the width of the layers.    [token, d_embedding] -> [token, d_model]"""
    d_model = w.config.whole("d_model")
    if not row.project or (x.shape[-1] == d_model and not row.project_always):
        return x
    return w.linear(x, row.project, d_model, bias=row.project_bias)
