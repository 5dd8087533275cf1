"""Steps of an explanation before and after the attention of a layer: embeddings, output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.explain.explanation import Step
from attnviz.core.explain.steps import labels_of, matrix_step, vector_step
from attnviz.core.explain.trace import Trace
from attnviz.core.tokens import Tokens
from attnviz.sources.seeded.layers import EMBEDDINGS, SeededLayers

Meta = Mapping[str, Any]


def input_steps(
    meta: Meta, trace: Trace, queries: Tokens, keys: Tokens, layers: SeededLayers | None
) -> Iterator[Step]:
    """The steps before the layer: text to tokens to vectors.

    `layers` are untrained layers, whose embeddings and positions are shown apart.
    """
    tokens = " ".join(labels_of(queries))
    if queries != keys:
        tokens = f"queries {tokens}; keys {' '.join(labels_of(keys))}"
    yield Step("tokens", f"tokens ({meta['tokenizer']} tokenizer): {tokens}")
    inputs, layer = trace.call.inputs, trace.call.layer
    has_own = inputs.query_input is not None and inputs.query_input is not inputs.key_input
    sides = [(inputs.key_input, keys, "c" if has_own else "x", "context " if has_own else "")]
    if has_own:
        sides.insert(0, (inputs.query_input, queries, "x", "query "))
    for array, side, letter, prefix in sides:
        if array is None:
            continue
        if layers is not None and (layer == 0 or letter == "c"):
            yield from embedding_steps(meta, layers, side, letter, prefix)
        else:
            meaning = trace.call.formulas.get("x", f"output of layer {layer - 1}")
            if prefix == "query ":
                meaning = "input of the query projection"
            name = f"{prefix}input" if layer or has_own else "embeddings"
            yield vector_step(name, meaning, letter, array, side)


def embedding_steps(
    meta: Meta, layers: SeededLayers, tokens: Tokens, letter: str, prefix: str
) -> Iterator[Step]:
    """Token embeddings and positions apart, and their sum; without positions the embeddings."""
    position = layers.variant.position
    origin = f"from {meta['embedding']}"
    if meta["embedding"] in EMBEDDINGS:
        origin = EMBEDDINGS[meta["embedding"]].format_map(meta)
    meaning = f"token embeddings ({origin})"
    vectors = layers.embed_tokens(tokens)
    if not position.absolute:
        yield vector_step(f"{prefix}embeddings", meaning, letter, vectors, tokens)
        return
    places = layers.embed_positions(tokens)
    yield vector_step(f"{prefix}token embeddings", meaning, "e", vectors, tokens)
    meaning = f"one vector per position ({position})"
    yield vector_step(f"{prefix}positions", meaning, "p", places, tokens)
    meaning = "token embeddings + positions"
    yield vector_step(
        f"{prefix}embeddings", meaning, f"{letter} = e + p", vectors + places, tokens
    )


def output_steps(trace: Trace, queries: Tokens, layers: SeededLayers) -> Iterator[Step]:
    """The outputs of all heads concatenated, W_O, and the output of the layer."""
    if not layers.variant.has_projections:
        return
    layer, x = trace.call.layer, trace.call.inputs.query_input
    joined: FloatArray = np.concatenate(list(trace.output), axis=-1)
    formula = ", ".join(f"head {n}" for n in range(len(trace.output)))
    meaning = "the outputs of all heads side by side"
    yield vector_step("concatenation", meaning, f"z = [{formula}]", joined, queries)
    matrix = layers.output_projection(layer, joined.shape[-1])
    yield matrix_step("W_O", "projects the concatenation to the model dimension", "", matrix)
    if x is not None:
        meaning = "output of the layer, added to its input"
        yield vector_step("layer output", meaning, "x + z W_O", x + joined @ matrix, queries)


def head_matrices(
    layers: SeededLayers, layer: int, head: int, n_value_head: int
) -> dict[str, FloatArray]:
    """W_Q, W_K and W_V of a head with queries; heads may share the latter two.

    The values of `n_value_head` heads stand side by side.
    Shapes: -> [dim, d], [dim, d], [dim, n_value_head · d]
    """
    if not layers.variant.has_projections:
        return {}
    heads = layers.variant.heads
    group = heads.n_query_head // heads.n_kv_head
    first = head - head % n_value_head
    values = [
        layers.projection("w_value", layer, (first + n) // group) for n in range(n_value_head)
    ]
    return {
        "W_Q": layers.projection("w_query", layer, head),
        "W_K": layers.projection("w_key", layer, head // group),
        "W_V": np.concatenate(values, axis=1),
    }
